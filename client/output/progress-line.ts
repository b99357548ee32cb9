import { RateMeter } from '../../core/rate-meter.js';
import { progressText, type ShownProgress } from '../../contract/progress.js';
import type { Output } from './output.js';

type Told = Omit<ShownProgress, 'rate'>;

const PAINT_MS = 200;
const LINE_MS = 30_000;

/**
 * Tells on stderr how far something is: painted over on a terminal, else a line every half minute, also while nothing
 * new is known of it.
 */
export const openProgressLine = (out: Output, what: string): { readonly tell: (progress: Told) => void; readonly end: () => void } => {
  const live = out.live();
  let meter = new RateMeter();
  let known: Told | null = null;
  const rateOf = ({ doneBytes }: Told): number | null => (doneBytes === undefined ? null : meter.rate(doneBytes, performance.now()));
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
    tell: (progress) => {
      const before = known;
      // A note about a wait leaves the bytes as they were; what moves again has no note.
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
