/** Rounds to F32. larql computes every step in F32, which is visible in its blocks. */
export const { fround } = Math;

/** Rounds half away from zero, as Rust's `round` does. */
export const roundAway = (value: number): number => Math.sign(value) * Math.round(Math.abs(value));

export const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

export const largestMagnitude = (values: Float32Array): number => values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);

/** Returns the factor from a block's numbers to its integers; zero if the scale's magnitude is at most `smallest`. */
export const inverse = (scale: number, smallest = 0): number => (Math.abs(scale) > smallest ? fround(1 / scale) : 0);
