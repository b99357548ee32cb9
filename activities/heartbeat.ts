import { Context } from '@temporalio/activity';
import { oneLine } from '../core/text.js';
import type { HubConfig } from '../hub/config.js';

/** What a running step tells: hints for people, never the truth about what was done. */
export interface Progress {
  readonly step: string;
  readonly file?: string;
  readonly doneBytes?: number;
  readonly totalBytes?: number;
  readonly note?: string;
}

export type Report = (progress: Omit<Progress, 'step'>) => void;

const BEAT_MS = 2_000;

/** Runs a step while beating with its last progress, so that only a dead worker is taken for dead. */
export const withHeartbeat = async <T>(step: string, run: (signal: AbortSignal, report: Report) => Promise<T>): Promise<T> => {
  const context = Context.current();
  let progress: Progress = { step };
  const beat = setInterval(() => context.heartbeat(progress), BEAT_MS);
  context.heartbeat(progress);
  try {
    return await run(context.cancellationSignal, (now) => {
      progress = { step, ...now };
    });
  } finally {
    clearInterval(beat);
  }
};

/** The same Hub, which tells people through heartbeats why nothing moves: otherwise a wait looks like work. */
export const tellingRetries = (hub: HubConfig, report: Report): HubConfig => ({
  ...hub,
  onRetry: (error, waitMs) => report({ note: oneLine(`tried again in ${Math.ceil(waitMs / 1000)} s: ${error.message}`, 400) }),
});
