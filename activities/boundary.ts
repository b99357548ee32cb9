import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { z } from 'zod';
import { WORKER_STOPPING } from '../contract/names.js';
import { describeIssues } from '../core/describe-issues.js';
import { SwpError, messageOf } from '../core/error.js';
import type { Redact } from '../core/redact.js';
import { sanitizeLine } from '../core/text.js';
import type { ScratchParts } from '../publish/scratch/scratch-parts.js';
import { INPUTS } from './inputs.js';
import { RequestNotSent } from '../publish/commit/request-not-sent.js';
import { explainFailure } from '../publish/scratch/explain-failure.js';

const isStopping = (): boolean => Context.current().cancellationDetails?.workerShutdown ?? false;

/**
 * Converts a failure to one of Temporal's; no other place does so. The result has a stable type, marks whether a retry makes
 * sense, and has a hint for a person as its first detail. An unrecognised failure needs a person too, so it is not retried.
 */
export const toFailure = (thrown: unknown, redact: Redact): Error => {
  const sent = thrown instanceof RequestNotSent ? [thrown.detail] : [];
  const error = thrown instanceof RequestNotSent ? thrown.cause : thrown;
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  // Redact the whole message first: a cut message may hold most of a token.
  const message = sanitizeLine(redact(messageOf(error)), 2000);
  if (error instanceof SwpError) {
    return ApplicationFailure.create({
      type: error.code,
      message,
      nonRetryable: !error.transient,
      details: [error.hint === undefined ? null : redact(error.hint), error.kind, ...sent],
      ...(error.retryAfterMs === undefined ? {} : { nextRetryDelay: error.retryAfterMs }),
    });
  }
  return ApplicationFailure.create({
    type: 'internal',
    message,
    nonRetryable: true,
    details: ["This is a bug or a broken machine. Check the worker's log.", 'internal', ...sent],
  });
};

const isExpected = (error: unknown): boolean =>
  (error instanceof RequestNotSent && isExpected(error.cause)) ||
  error instanceof SwpError ||
  error instanceof ApplicationFailure ||
  error instanceof CancelledFailure;

/** Returns the stack, which shows where a bug is. It is useful in the log, but not in a workflow history. */
const stackOf = (error: unknown): string | undefined => (error instanceof Error ? error.stack : undefined);

const SCHEMAS: ReadonlyMap<string, z.ZodType> = new Map(Object.entries(INPUTS));

/**
 * Parses the argument of an activity, because a workflow that was started by hand may pass any value.
 *
 * @throws SwpError `activity/input`
 */
const parseInput = (args: unknown[]): unknown[] => {
  const { activityType } = Context.current().info;
  const parsed = SCHEMAS.get(activityType)?.safeParse(args[0]);
  if (parsed === undefined) return args;
  if (parsed.success) return [parsed.data];
  throw new SwpError('invalid', 'activity/input', `${activityType} cannot use this input: ${describeIssues(parsed.error)}.`, {
    hint: 'Start publishes with `swp start`.',
  });
};

type Scratch = Pick<ScratchParts, 'machine' | 'layout'>;

const explain = async (thrown: unknown, { machine: { files }, layout: { root } }: Scratch): Promise<unknown> =>
  thrown instanceof RequestNotSent
    ? new RequestNotSent(await explainFailure(files, thrown.cause, root), thrown.detail)
    : explainFailure(files, thrown, root);

/**
 * Creates the interceptor that parses the input of an activity and converts its failure.
 *
 * @param redact removes secrets, which no failure may carry into a history
 * @param scratch the scratch whose file errors are explained; null for a worker without scratch
 */
export const activityBoundary =
  (redact: Redact, scratch: Scratch | null = null): ActivityInterceptorsFactory =>
  () => ({
    inbound: {
      async execute(input, next) {
        try {
          return await next({ ...input, args: parseInput(input.args) });
        } catch (thrown) {
          const error = scratch === null ? thrown : await explain(thrown, scratch);
          const { cancellationSignal } = Context.current();
          if (cancellationSignal.aborted && isStopping())
            throw ApplicationFailure.create({
              type: WORKER_STOPPING,
              message: 'The worker is stopping. The step continues on another worker or later.',
            });
          if (cancellationSignal.aborted) throw new CancelledFailure('cancelled', error instanceof RequestNotSent ? [error.detail] : []);
          if (!isExpected(error)) Context.current().log.error('unexpected error', { error: messageOf(error), stack: stackOf(error) });
          throw toFailure(error, redact);
        }
      },
    },
  });
