import { SwpError } from '../../core/error.js';
import { formatBytes } from '../../core/text.js';
import { rateThatFits, UPLOAD_HOURS } from '../../plan/upload-time.js';

/** A rate measured over a shorter time is not reliable. */
const MIN_MEASURED_MS = 15 * 60_000;

/** Checks whether an upload can finish before the Hub drops its first blobs. */
export class UploadWatch {
  private begin: { readonly at: number; readonly doneBytes: number } | null = null;
  private lastDoneBytes = 0;

  /**
   * @param now monotonic time in milliseconds
   * @returns the error to abort the upload with; null if the upload can finish in time or its rate is not yet reliable
   */
  check(doneBytes: number, totalBytes: number, now: number): SwpError | null {
    // Bytes are sent again, so the progress so far does not show the rate of the connection.
    if (this.begin === null || doneBytes < this.lastDoneBytes) this.begin = { at: now, doneBytes };
    this.lastDoneBytes = doneBytes;
    const elapsed = now - this.begin.at;
    if (elapsed < MIN_MEASURED_MS) return null;
    const rate = ((doneBytes - this.begin.doneBytes) / elapsed) * 1000;
    const remainingBytes = totalBytes - doneBytes;
    if (remainingBytes <= rate * UPLOAD_HOURS * 3600) return null;
    return new SwpError(
      'conflict',
      'upload/too-slow',
      `At ${formatBytes(Math.round(rate))}/s the remaining ${formatBytes(remainingBytes)} take more than ${UPLOAD_HOURS} h, and the Hub drops uploads that are not committed within 20 h.`,
      {
        hint: `The upload needs at least ${formatBytes(rateThatFits(remainingBytes))}/s: fix the network or raise SWP_LIMIT_RATE, then retry; or move to another host.`,
      },
    );
  }
}
