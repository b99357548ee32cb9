import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { SwpError, messageOf } from '../core/error.js';
import type { Redact } from '../core/redact.js';
import { oneLine } from '../core/text.js';
import { explainFailure } from './scratch/explain-failure.js';

const isStopping = (): boolean => Context.current().cancellationDetails?.workerShutdown ?? false;

/**
 * The one place where failures become Temporal's: a stable type, whether it is worth another attempt, and
 * what a person can do as the first detail. What is not recognised needs a person too: it is not retried.
 */
export const toFailure = (error: unknown, redact: Redact): Error => {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  // Raw: what is cut before may hold most of a token.
  const message = oneLine(redact(messageOf(error)), 2000);
  if (error instanceof SwpError) {
    return ApplicationFailure.create({
      type: error.code,
      message,
      nonRetryable: !error.transient,
      details: [error.hint === undefined ? null : redact(error.hint), error.kind],
      ...(error.retryAfterMs === undefined ? {} : { nextRetryDelay: error.retryAfterMs }),
    });
  }
  return ApplicationFailure.create({
    type: 'internal',
    message,
    nonRetryable: true,
    details: ["Look at the worker's log; this is a bug or a broken machine.", 'internal'],
  });
};

const isForeseen = (error: unknown): boolean =>
  error instanceof SwpError || error instanceof ApplicationFailure || error instanceof CancelledFailure;

/** Where a bug is: of no use in a history, and all there is in a log. */
const stackOf = (error: unknown): string | undefined => (error instanceof Error ? error.stack : undefined);

/**
 * @param redact takes out what no failure may carry into a history
 * @param scratch the directory whose failures are explained; null for a worker that has none
 */
export const activityBoundary =
  (redact: Redact, scratch: string | null = null): ActivityInterceptorsFactory =>
  () => ({
    inbound: {
      async execute(input, next) {
        try {
          return await next(input);
        } catch (thrown) {
          const error = scratch === null ? thrown : explainFailure(thrown, scratch);
          const { cancellationSignal } = Context.current();
          if (cancellationSignal.aborted && isStopping())
            throw ApplicationFailure.create({
              type: 'worker-stopping',
              message: 'The worker is stopping; the step goes on elsewhere or later.',
            });
          if (cancellationSignal.aborted) throw new CancelledFailure('cancelled');
          if (!isForeseen(error)) Context.current().log.error('not foreseen', { error: messageOf(error), stack: stackOf(error) });
          throw toFailure(error, redact);
        }
      },
    },
  });
