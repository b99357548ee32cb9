import { SwpError } from '../core/error.js';

const SECOND = 1000;
/** No byte of an answer for so long means that the far end is gone. */
export const SILENCE_MS = 90 * SECOND;
/** From the last byte of a request to the first of the answer's body, however the headers trickle. */
const ANSWER_MS = 300 * SECOND;
/** A body moves at least so many bytes in each window; one that a slow line carries does. */
const WINDOW_MS = 120 * SECOND;
const WINDOW_BYTES = 64 * 1024;
/** A whole answer that is held in memory, as those of the API are. */
export const WHOLE_BODY_MS = 600 * SECOND;

const LOOK_MS = SECOND;

/** What the far end has to do next: take bytes, answer, or send the body; null while it is our turn. */
export type Turn = 'take' | 'answer' | 'body' | null;

export interface WatchedExchange {
  /** The request, for the message. */
  readonly name: string;
  readonly turn: () => Turn;
  /** Bytes that the far end has taken and sent so far. */
  readonly movedBytes: () => number;
  readonly silenceMs: number;
  /** Ends the exchange. */
  readonly cut: (error: SwpError) => void;
}

export const tooSlow = (name: string, what: string): SwpError =>
  new SwpError('unavailable', 'hub/too-slow', `${name}: ${what}.`, { hint: 'The Hub, its storage or the way there is slow.' });

/**
 * Cuts an exchange in which the far end keeps us waiting. A timer that each byte restarts would not: one byte a minute
 * holds such a connection for ever.
 *
 * @returns ends the watch
 */
export const watchForStall = ({ name, turn, movedBytes, silenceMs, cut }: WatchedExchange): (() => void) => {
  let last: Turn = null;
  let moved = 0;
  let begunAt = 0;
  let movedAt = 0;
  let windowAt = 0;
  let windowBegan = 0;
  const look = (): string | null => {
    const [now, next, bytes] = [performance.now(), turn(), movedBytes()];
    if (next === null || next !== last) {
      [begunAt, movedAt, windowAt] = [now, now, now];
      windowBegan = bytes;
    }
    if (bytes !== moved) movedAt = now;
    moved = bytes;
    last = next;
    if (next === null) return null;
    // What waits in the buffers of this machine is taken unseen: of a body that is sent only its rate tells.
    if (next !== 'take' && now - movedAt >= silenceMs) return `no byte came for ${silenceMs / SECOND} s`;
    if (next === 'answer') return now - begunAt >= ANSWER_MS ? `no answer came within ${ANSWER_MS / SECOND} s` : null;
    if (now - windowAt < WINDOW_MS) return null;
    if (bytes - windowBegan < WINDOW_BYTES)
      return `fewer than ${WINDOW_BYTES / 1024} KiB ${next === 'take' ? 'were taken' : 'came'} in ${WINDOW_MS / SECOND} s`;
    windowAt = now;
    windowBegan = bytes;
    return null;
  };
  const timer = setInterval(() => {
    const why = look();
    if (why === null) return;
    clearInterval(timer);
    cut(tooSlow(name, why));
  }, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
};
