/** Rounds to F32: larql computes in it, step by step, and its blocks show it. */
export const { fround } = Math;

/** Half away from zero, as Rust's `round`. */
export const roundAway = (value: number): number => Math.sign(value) * Math.round(Math.abs(value));

export const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

export const largestMagnitude = (values: Float32Array): number => values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);

/** A block's integers from its numbers; zeros where the scale is zero. */
export const inverse = (scale: number, smallest = 0): number => (Math.abs(scale) > smallest ? fround(1 / scale) : 0);
