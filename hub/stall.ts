import { SwpError } from '../core/error.js';
import type { Clock } from '../core/machine.js';

const SECOND = 1000;
/** After this time without a byte of an answer, the server is considered gone. */
export const SILENCE_MS = 90 * SECOND;
/** Maximum time from the last byte of a request to the first byte of the answer's body, even if headers keep arriving. */
const ANSWER_MS = 300 * SECOND;
/** The minimum rate of a body: this many bytes per window, which even a slow line exceeds. */
const WINDOW_MS = 120 * SECOND;
const WINDOW_BYTES = 64 * 1024;
/** Maximum time for a whole answer that is read into memory, as the answers of the API are. */
export const WHOLE_BODY_MS = 600 * SECOND;

const CHECK_INTERVAL_MS = SECOND;

/** The server's next step: take bytes, answer, or send the body; null while the exchange waits for this process. */
export type Turn = 'take' | 'answer' | 'body' | null;

export interface WatchedExchange {
  /** The request, for the message. */
  readonly name: string;
  readonly turn: () => Turn;
  /** Returns the number of bytes that the server has taken and sent so far. */
  readonly movedBytes: () => number;
  readonly silenceMs: number;
  /** Ends the exchange with an error. */
  readonly cut: (error: SwpError) => void;
}

export const stallError = (name: string, what: string): SwpError =>
  new SwpError('unavailable', 'hub/too-slow', `${name}: ${what}.`, { hint: 'The Hub, its storage or the network between is slow.' });

/**
 * Aborts an exchange in which the server stalls. A timer that each byte restarts is not enough: with one byte a minute, a
 * server could keep the connection forever.
 *
 * @returns a function that ends the watch
 */
export const watchForStall = (clock: Clock, { name, turn, movedBytes, silenceMs, cut }: WatchedExchange): (() => void) => {
  let last: Turn = null;
  let moved = 0;
  let begunAt = 0;
  let movedAt = 0;
  let windowAt = 0;
  let windowBegan = 0;
  const findStall = (): string | null => {
    const [now, next, bytes] = [clock.elapsed(), turn(), movedBytes()];
    if (next === null || next !== last) {
      [begunAt, movedAt, windowAt] = [now, now, now];
      windowBegan = bytes;
    }
    if (bytes !== moved) movedAt = now;
    moved = bytes;
    last = next;
    if (next === null) return null;
    // The buffers of this machine accept bytes before the server does, so for a request body only the rate counts.
    if (next !== 'take' && now - movedAt >= silenceMs) return `no byte arrived for ${silenceMs / SECOND} s`;
    if (next === 'answer') return now - begunAt >= ANSWER_MS ? `no answer arrived within ${ANSWER_MS / SECOND} s` : null;
    if (now - windowAt < WINDOW_MS) return null;
    if (bytes - windowBegan < WINDOW_BYTES)
      return `fewer than ${WINDOW_BYTES / 1024} KiB ${next === 'take' ? 'were accepted' : 'arrived'} in ${WINDOW_MS / SECOND} s`;
    windowAt = now;
    windowBegan = bytes;
    return null;
  };
  const stop = clock.every(CHECK_INTERVAL_MS, () => {
    const reason = findStall();
    if (reason === null) return;
    stop();
    cut(stallError(name, reason));
  });
  return stop;
};
