import { Context } from '@temporalio/activity';
import { oneLine } from '../core/text.js';
import type { HubConfig } from '../hub/config.js';
import { LASTING_MS } from '../hub/retry.js';
import { progressText } from '../plan/render/progress.js';
import { RateMeter } from './rate-meter.js';

/** What a running step tells: hints for people, never the truth about what was done. Bytes; the rate in bytes a second. */
export interface Progress {
  readonly step: string;
  readonly host?: string;
  readonly file?: string;
  readonly fileDoneBytes?: number;
  readonly fileTotalBytes?: number;
  readonly doneBytes?: number;
  readonly totalBytes?: number;
  readonly doneFiles?: number;
  readonly totalFiles?: number;
  readonly rate?: number;
  readonly note?: string;
  /** A call that has failed for an hour and is tried again: since when, as an ISO date, and why. */
  readonly failing?: { readonly since: string; readonly reason: string };
  /** What an attempt after a crash may go on from. */
  readonly resume?: unknown;
}

type Told = Omit<Progress, 'step' | 'host' | 'rate' | 'failing'> & {
  /** Said until then, whatever else moves: only the next failure or its absence tells whether it still fails. */
  readonly failing?: NonNullable<Progress['failing']> & { readonly until: number };
};
export type Report = (progress: Told) => void;

const BEAT_MS = 2_000;
const LOG_MS = 30_000;
/** An attempt of a call that fails takes no longer, beside the wait before it. */
const ATTEMPT_MS = 10 * 60_000;

/** Runs a step while beating with its last progress, so that only a dead worker is taken for dead. */
export const withHeartbeat = async <T>(
  step: string,
  run: (signal: AbortSignal, report: Report) => Promise<T>,
  host?: string,
): Promise<T> => {
  const context = Context.current();
  const meter = new RateMeter();
  let told: Omit<Told, 'failing'> = {};
  let lasting: Told['failing'];
  const progress = (): Progress => {
    const { doneBytes } = told;
    const rate = doneBytes === undefined ? null : meter.rate(doneBytes, performance.now());
    const failing =
      lasting === undefined || Date.now() > lasting.until ? {} : { failing: { since: lasting.since, reason: lasting.reason } };
    return { step, ...(host === undefined ? {} : { host }), ...told, ...(rate === null ? {} : { rate: Math.round(rate) }), ...failing };
  };
  const beat = setInterval(() => context.heartbeat(progress()), BEAT_MS);
  const log = setInterval(() => {
    // Who only waits has nothing to tell, and there may be a thousand of them.
    const level = Object.keys(told).length === 0 ? 'debug' : 'info';
    context.log[level](`${step}: ${progressText(progress())}`);
  }, LOG_MS);
  context.heartbeat(progress());
  try {
    return await run(context.cancellationSignal, ({ failing, ...now }) => {
      lasting = failing ?? lasting;
      // A note about a wait leaves the bytes as they were; what moves again has no note.
      told = 'note' in now ? { ...told, ...now } : now;
    });
  } finally {
    clearInterval(beat);
    clearInterval(log);
  }
};

/** The same Hub, which tells people through heartbeats and the log why nothing moves: otherwise a wait looks like work. */
export const tellingRetries = (hub: HubConfig, report: Report): HubConfig => ({
  ...hub,
  onRetry: (error, waitMs, failingMs) => {
    const reason = oneLine(error.message, 400);
    const note = `tried again in ${Math.ceil(waitMs / 1000)} s: ${reason}`;
    const since = new Date(Date.now() - failingMs).toISOString();
    report({ note, ...(failingMs < LASTING_MS ? {} : { failing: { since, reason, until: Date.now() + waitMs + ATTEMPT_MS } }) });
    hub.onRetry?.(error, waitMs, failingMs);
    Context.current().log.warn(`the Hub: ${note}`, { code: error.code, waitMs: Math.round(waitMs) });
  },
});
