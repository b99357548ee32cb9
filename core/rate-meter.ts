/** What a rate is taken over. */
const WINDOW_MS = 30_000;

/** The rate at which a count grows, over the last half minute. */
export class RateMeter {
  private readonly seen: { readonly at: number; readonly count: number }[] = [];

  /**
   * Notes a count at a time in milliseconds, and answers its growth a second; null until it has been seen twice.
   * A count that falls, because something has to be done again, counts as standing still.
   */
  rate(count: number, at: number): number | null {
    this.seen.push({ at, count });
    while (this.seen.length > 2 && at - (this.seen[1]?.at ?? at) >= WINDOW_MS) this.seen.shift();
    const [first] = this.seen;
    if (first === undefined || at <= first.at) return null;
    return (Math.max(0, count - first.count) / (at - first.at)) * 1000;
  }
}
