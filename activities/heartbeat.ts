import { Context } from '@temporalio/activity';

/** What a running step tells: hints for people, never the truth about what was done. */
export interface Progress {
  readonly step: string;
  readonly file?: string;
  readonly doneBytes?: number;
  readonly totalBytes?: number;
  readonly note?: string;
}

const BEAT_MS = 2_000;

/** Runs a step while beating with its last progress, so that only a dead worker is taken for dead. */
export const withHeartbeat = async <T>(step: string, run: (signal: AbortSignal, report: (progress: Omit<Progress, 'step'>) => void) => Promise<T>): Promise<T> => {
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
