import { SwpError } from '../../core/error.js';
import { formatBytes } from '../../core/text.js';
import { rateThatFits, UPLOAD_HOURS } from '../../plan/upload-time.js';

/** A rate measured over less says little. */
const MEASURED_MS = 15 * 60_000;

/** Watches whether an upload can end while the Hub still has its first blobs. */
export class UploadWatch {
  private begin: { readonly at: number; readonly doneBytes: number } | null = null;
  private lastDoneBytes = 0;

  /**
   * @param now milliseconds, steady
   * @returns what to give up with, once that is certain
   */
  check(doneBytes: number, totalBytes: number, now: number): SwpError | null {
    // What was done is done anew: the rate so far says nothing of the line.
    if (this.begin === null || doneBytes < this.lastDoneBytes) this.begin = { at: now, doneBytes };
    this.lastDoneBytes = doneBytes;
    const elapsed = now - this.begin.at;
    if (elapsed < MEASURED_MS) return null;
    const rate = ((doneBytes - this.begin.doneBytes) / elapsed) * 1000;
    const open = totalBytes - doneBytes;
    if (open <= rate * UPLOAD_HOURS * 3600) return null;
    return new SwpError(
      'conflict',
      'upload/too-slow',
      `At ${formatBytes(Math.round(rate))}/s the ${formatBytes(open)} that are left take more than ${UPLOAD_HOURS} h, and the Hub drops uploads that no commit follows within 20 h.`,
      {
        hint: `It needs at least ${formatBytes(rateThatFits(open))}/s: mend the line or raise SWP_LIMIT_RATE and retry, or move to another host.`,
      },
    );
  }
}
