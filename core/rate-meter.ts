/** Length of the window over which a rate is measured. */
const WINDOW_MS = 30_000;

/** Measures the growth rate of a count over the last half minute. */
export class RateMeter {
  private readonly samples: { readonly at: number; readonly count: number }[] = [];

  /**
   * Records a count at a time in milliseconds and returns its growth per second, or null until it has two samples.
   * A falling count, which means that work is repeated, gives a rate of zero.
   */
  rate(count: number, at: number): number | null {
    this.samples.push({ at, count });
    while (this.samples.length > 2 && at - (this.samples[1]?.at ?? at) >= WINDOW_MS) this.samples.shift();
    const [first] = this.samples;
    if (first === undefined || at <= first.at) return null;
    return (Math.max(0, count - first.count) / (at - first.at)) * 1000;
  }
}
