import { Context } from '@temporalio/activity';
import { oneLine } from '../core/text.js';
import type { HubConfig } from '../hub/config.js';
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
  /** What an attempt after a crash may go on from. */
  readonly resume?: unknown;
}

type Told = Omit<Progress, 'step' | 'host' | 'rate'>;
export type Report = (progress: Told) => void;

const BEAT_MS = 2_000;
const LOG_MS = 30_000;

/** Runs a step while beating with its last progress, so that only a dead worker is taken for dead. */
export const withHeartbeat = async <T>(
  step: string,
  run: (signal: AbortSignal, report: Report) => Promise<T>,
  host?: string,
): Promise<T> => {
  const context = Context.current();
  const meter = new RateMeter();
  let told: Told = {};
  const progress = (): Progress => {
    const { doneBytes } = told;
    const rate = doneBytes === undefined ? null : meter.rate(doneBytes, performance.now());
    return { step, ...(host === undefined ? {} : { host }), ...told, ...(rate === null ? {} : { rate: Math.round(rate) }) };
  };
  const beat = setInterval(() => context.heartbeat(progress()), BEAT_MS);
  const log = setInterval(() => {
    // Who only waits has nothing to tell, and there may be a thousand of them.
    const level = Object.keys(told).length === 0 ? 'debug' : 'info';
    context.log[level](`${step}: ${progressText(progress())}`);
  }, LOG_MS);
  context.heartbeat(progress());
  try {
    return await run(context.cancellationSignal, (now) => {
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
  onRetry: (error, waitMs) => {
    const note = oneLine(`tried again in ${Math.ceil(waitMs / 1000)} s: ${error.message}`, 400);
    report({ note });
    Context.current().log.warn(`the Hub: ${note}`, { code: error.code, waitMs: Math.round(waitMs) });
  },
});
