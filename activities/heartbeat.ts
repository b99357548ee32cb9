import { Context } from '@temporalio/activity';
import { sanitizeLine } from '../core/text.js';
import type { HubConfig } from '../hub/config.js';
import { LASTING_MS } from '../hub/retry.js';
import { progressText, type Progress } from '../contract/progress.js';
import type { ProgressUpdate, ReportProgress } from '../publish/progress.js';
import { RateMeter } from '../core/rate-meter.js';

const BEAT_MS = 2_000;
const LOG_MS = 30_000;
/** An attempt of a call that fails takes no longer, beside the wait before it. */
const ATTEMPT_MS = 10 * 60_000;

/** Runs a step while beating with its last progress, so that only a dead worker is taken for dead. */
export const withHeartbeat = async <T>(
  step: string,
  run: (signal: AbortSignal, report: ReportProgress) => Promise<T>,
  host?: string,
): Promise<T> => {
  const context = Context.current();
  const meter = new RateMeter();
  let told: Omit<ProgressUpdate, 'failing'> = {};
  let lasting: ProgressUpdate['failing'];
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
export const withRetryReporting = (hub: HubConfig, report: ReportProgress): HubConfig => ({
  ...hub,
  onRetry: (error, waitMs, failingMs) => {
    const reason = sanitizeLine(error.message, 400);
    const note = `tried again in ${Math.ceil(waitMs / 1000)} s: ${reason}`;
    const since = new Date(Date.now() - failingMs).toISOString();
    report({ note, ...(failingMs < LASTING_MS ? {} : { failing: { since, reason, until: Date.now() + waitMs + ATTEMPT_MS } }) });
    hub.onRetry?.(error, waitMs, failingMs);
    Context.current().log.warn(`the Hub: ${note}`, { code: error.code, waitMs: Math.round(waitMs) });
  },
});
