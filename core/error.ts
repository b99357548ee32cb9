/**
 * Classifies a failure by its consequence for the caller. `unavailable` is the only kind worth retrying unchanged;
 * every other kind needs a person, different input or a new plan.
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
  /** The reader's next step, as a sentence or a command. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** For `unavailable`: the delay that the server requested before a retry, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** A failure that SWP recognises: a stable code, a message with the relevant values, and a hint for the next step. */
export class SwpError extends Error {
  override readonly name = 'SwpError';
  readonly hint: string | undefined;
  readonly retryAfterMs: number | undefined;

  /** @param code stable, `module/problem`, for example `hub/gated`; tests and programs match on it. */
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

/**
 * A value exceeds one of SWP's limits. A few bits damaged in transit do not explain that, so the value is not read
 * again.
 */
export class BeyondLimit extends SwpError {}

/** Returns the message of any thrown value, followed by the messages of its causes that it does not already contain. */
export const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : messageOf(error.cause);
  return error.message.includes(cause) ? error.message : `${error.message.replace(/\.$/, '')}: ${cause}`;
};
