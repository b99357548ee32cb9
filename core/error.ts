/**
 * What a failure means for the person or program that meets it. `unavailable` is the only kind worth
 * retrying unchanged; every other one needs a person, other input or a new plan.
 */
export const ERROR_KINDS = [
  'usage',
  'invalid',
  'stale',
  'unavailable',
  'access',
  'quota',
  'not-found',
  'conflict',
  'integrity',
  'internal',
] as const;
export type ErrorKind = (typeof ERROR_KINDS)[number];

export interface SwpErrorOptions {
  /** What the reader can do next, as a sentence or a command. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** For `unavailable`: how long the far end asked us to wait, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** Every failure that SWP itself recognises: a stable code, the values that matter, and what to do next. */
export class SwpError extends Error {
  override readonly name = 'SwpError';
  readonly hint: string | undefined;
  readonly retryAfterMs: number | undefined;

  /** @param code stable, `room/what`, for example `hub/gated`; tests and programs match on it. */
  constructor(
    readonly kind: ErrorKind,
    readonly code: string,
    message: string,
    options: SwpErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint;
    this.retryAfterMs = options.retryAfterMs;
  }

  get transient(): boolean {
    return this.kind === 'unavailable';
  }
}

/** More than SWP takes of something, which no damage of a bit or two on the way explains: it is not read again. */
export class BeyondLimit extends SwpError {}

/** The message of anything thrown, with those messages of its causes that it does not repeat itself. */
export const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : messageOf(error.cause);
  return error.message.includes(cause) ? error.message : `${error.message.replace(/\.$/, '')}: ${cause}`;
};
