const EVERY_MS = 60_000;

/** Masks the numbers of a message, because they differ between its repetitions. */
const maskNumbers = (message: string): string => message.replaceAll(/\d+/g, '#');

/** Lets a repeated message pass once a minute: a server that is away must not fill the disk. */
export class Repeats {
  private readonly seen = new Map<string, { at: number; held: number }>();

  /**
   * Decides whether to hold back a message.
   *
   * @param now milliseconds of a monotonic clock
   * @returns null if the message passed less than a minute ago; else how often it was held back since it last passed
   */
  heldBack(message: string, now: number): number | null {
    const masked = maskNumbers(message);
    const last = this.seen.get(masked);
    if (last !== undefined && now - last.at < EVERY_MS) {
      last.held += 1;
      return null;
    }
    // Forget messages that last passed over a minute ago, so that the map stays small.
    for (const [other, { at }] of this.seen) if (now - at >= EVERY_MS) this.seen.delete(other);
    this.seen.set(masked, { at: now, held: 0 });
    return last?.held ?? 0;
  }
}
