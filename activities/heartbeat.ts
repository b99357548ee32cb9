import { Context } from '@temporalio/activity';
import { sanitizeLine } from '../core/text.js';
import { withOnRetry, type Hub } from '../hub/hub.js';
import { LONG_FAILURE_MS } from '../hub/retry.js';
import { progressText, type Progress } from '../contract/progress.js';
import type { ProgressUpdate, ReportProgress } from '../publish/progress.js';
import { RateMeter } from '../core/rate-meter.js';

const BEAT_MS = 2_000;
const LOG_MS = 30_000;
/** Upper bound of one attempt of a failing call, without the wait before it. */
const ATTEMPT_MS = 10 * 60_000;

/** Runs a step and sends heartbeats with its last progress, so that only the step of a dead worker times out. */
export const withHeartbeat = async <T>(
  step: string,
  run: (signal: AbortSignal, report: ReportProgress) => Promise<T>,
  host?: string,
): Promise<T> => {
  const context = Context.current();
  const meter = new RateMeter();
  let latest: Omit<ProgressUpdate, 'failing'> = {};
  let lastFailure: ProgressUpdate['failing'];
  const progress = (): Progress => {
    const { doneBytes } = latest;
    const rate = doneBytes === undefined ? null : meter.rate(doneBytes, performance.now());
    const failing =
      lastFailure === undefined || Date.now() > lastFailure.until
        ? {}
        : { failing: { since: lastFailure.since, reason: lastFailure.reason } };
    return { step, ...(host === undefined ? {} : { host }), ...latest, ...(rate === null ? {} : { rate: Math.round(rate) }), ...failing };
  };
  const beat = setInterval(() => context.heartbeat(progress()), BEAT_MS);
  const log = setInterval(() => {
    // A step that only waits reports no progress, and a thousand of them may run: log those at debug level.
    const level = Object.keys(latest).length === 0 ? 'debug' : 'info';
    context.log[level](`${step}: ${progressText(progress())}`);
  }, LOG_MS);
  context.heartbeat(progress());
  try {
    return await run(context.cancellationSignal, ({ failing, ...now }) => {
      lastFailure = failing ?? lastFailure;
      // A note about a wait keeps the byte counts. An update without a note means progress, and clears the note.
      latest = 'note' in now ? { ...latest, ...now } : now;
    });
  } finally {
    clearInterval(beat);
    clearInterval(log);
  }
};

/** Returns the same Hub, which reports retries in heartbeats and the log: otherwise a wait looks like work. */
export const withRetryReporting = (hub: Hub, report: ReportProgress): Hub =>
  withOnRetry(hub, (error, waitMs, failingMs) => {
    const reason = sanitizeLine(error.message, 400);
    const note = `retrying in ${Math.ceil(waitMs / 1000)} s: ${reason}`;
    const since = new Date(Date.now() - failingMs).toISOString();
    report({ note, ...(failingMs < LONG_FAILURE_MS ? {} : { failing: { since, reason, until: Date.now() + waitMs + ATTEMPT_MS } }) });
    Context.current().log.warn(`the Hub: ${note}`, { code: error.code, waitMs: Math.round(waitMs) });
  });
