import { RateMeter } from '../../activities/rate-meter.js';
import { progressText } from '../../plan/render/progress.js';
import type { Output } from './output.js';

interface Told {
  readonly file: string;
  readonly doneBytes: number;
  readonly totalBytes: number;
}

const PAINT_MS = 200;
const LINE_MS = 30_000;

/** Tells on stderr how far something is: painted over on a terminal, else a line every half minute. */
export const progressTeller = (out: Output, what: string): { readonly tell: (progress: Told) => void; readonly end: () => void } => {
  const live = out.live();
  const meter = new RateMeter();
  let told = Date.now();
  return {
    tell: (progress) => {
      if (Date.now() - told < (live === null ? LINE_MS : PAINT_MS)) return;
      told = Date.now();
      const text = `${what}: ${progressText({ ...progress, rate: meter.rate(progress.doneBytes, told) ?? undefined })}`;
      if (live === null) out.note(text);
      else live.show([text]);
    },
    end: () => live?.clear(),
  };
};
