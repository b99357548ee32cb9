const EVERY_MS = 60_000;

/** Numbers differ from one time to the next; what is said is the same. */
const sameWords = (message: string): string => message.replaceAll(/\d+/g, '#');

/** Lets what is said again and again through once a minute: a server that is away is no reason to fill a disk. */
export class Repeats {
  private readonly seen = new Map<string, { at: number; held: number }>();

  /**
   * @param now milliseconds, steady
   * @returns null where it was said within the minute; else how often it was held back since it was last said
   */
  heldBack(message: string, now: number): number | null {
    const words = sameWords(message);
    const last = this.seen.get(words);
    if (last !== undefined && now - last.at < EVERY_MS) {
      last.held += 1;
      return null;
    }
    // What has been quiet for a minute is forgotten: what is kept stays small.
    for (const [other, { at }] of this.seen) if (now - at >= EVERY_MS) this.seen.delete(other);
    this.seen.set(words, { at: now, held: 0 });
    return last?.held ?? 0;
  }
}
