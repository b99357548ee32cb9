import { RateMeter } from '../../core/rate-meter.js';
import { progressText, type ShownProgress } from '../../contract/progress.js';
import type { Output } from './output.js';

type ReportedProgress = Omit<ShownProgress, 'rate'>;

const PAINT_MS = 200;
const LINE_MS = 30_000;

/**
 * Shows the progress of an operation on stderr: repainted on a terminal, else a line every 30 seconds, even without a new
 * update.
 */
export const openProgressLine = (
  out: Output,
  what: string,
): { readonly update: (progress: ReportedProgress) => void; readonly end: () => void } => {
  const live = out.live();
  let meter = new RateMeter();
  let known: ReportedProgress | null = null;
  const rateOf = ({ doneBytes }: ReportedProgress): number | null =>
    doneBytes === undefined ? null : meter.rate(doneBytes, performance.now());
  const timer = setInterval(
    () => {
      if (known === null) return;
      const text = `${what}: ${progressText({ ...known, rate: rateOf(known) ?? undefined })}`;
      if (live === null) out.note(text);
      else live.show([text]);
    },
    live === null ? LINE_MS : PAINT_MS,
  );
  return {
    update: (progress) => {
      const before = known;
      // A note about a wait keeps the last byte counts; the next progress without a note replaces both.
      known = 'note' in progress ? { ...known, ...progress } : progress;
      if (before?.totalBytes === known.totalBytes) return;
      meter = new RateMeter();
      rateOf(known);
    },
    end: () => {
      clearInterval(timer);
      live?.clear();
    },
  };
};
