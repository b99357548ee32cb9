import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { z } from 'zod';
import { ERROR_KINDS, SwpError } from '../core/error.js';

/** Details of the failure of a step: the hint and the kind of the error. */
const Details = z.tuple([z.string().nullable(), z.enum(ERROR_KINDS)]).rest(z.unknown());

/** Returns the innermost failure, which all others only wrap. */
const rootFailure = (error: unknown): ApplicationFailure | null => {
  if (!(error instanceof Error)) return null;
  return rootFailure(error.cause) ?? (error instanceof ApplicationFailure ? error : null);
};

/**
 * Converts the failure of a workflow to an {@link SwpError}.
 *
 * @param cancelled the message for a cancelled workflow
 */
export const explainEnd = (error: unknown, cancelled = 'The publish was cancelled. It left no commit in any target.'): unknown => {
  if (!(error instanceof WorkflowFailedError)) return error;
  if (error.cause instanceof CancelledFailure) return new SwpError('conflict', 'publish/cancelled', cancelled);
  const failure = rootFailure(error);
  if (failure === null) return new SwpError('conflict', 'publish/failed', error.cause?.message ?? error.message, { cause: error });
  const [hint = null, kind = 'conflict'] = Details.safeParse(failure.details).data ?? [];
  return new SwpError(kind, failure.type ?? 'publish/failed', failure.message, hint === null ? {} : { hint });
};
