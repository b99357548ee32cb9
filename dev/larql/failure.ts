/** A failure that larql reports itself: exit 1. */
export class LarqlError extends Error {
  override readonly name = 'LarqlError';
}

/** A usage error of larql's argument parser: exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A panic of Rust's runtime: exit 101. `place` is the source line that it names. */
export class Panic extends Error {
  override readonly name = 'Panic';
  constructor(
    message: string,
    readonly place: string,
  ) {
    super(message);
  }
}
