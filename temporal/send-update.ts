import {
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';
import { ApplicationFailure, type UpdateDefinition } from '@temporalio/common';

/** The answer of a workflow to an update, or why there is none. */
export type UpdateResult<T> =
  | { readonly reply: T }
  /** `refusal` is the code of the reason, if the workflow gave one. */
  | { readonly failed: 'refused'; readonly reason: string; readonly refusal: unknown }
  | { readonly failed: 'ended' }
  | { readonly failed: 'no-answer' };

export interface UpdateRequest<Args extends readonly unknown[]> {
  readonly args: Args;
  /** An update with the same id counts once. */
  readonly updateId?: string;
  /** Time limit for the answer, in milliseconds: only a running worker answers. */
  readonly answerMs: number;
}

/** Sends an update to one run of a workflow and waits for its answer. */
export const sendUpdate = async <T, Args extends [unknown]>(
  client: Client,
  { id, runId }: { readonly id: string; readonly runId?: string },
  update: UpdateDefinition<T, Args>,
  { args, updateId, answerMs }: UpdateRequest<Args>,
): Promise<UpdateResult<T>> => {
  const handle = client.workflow.getHandle(id, runId);
  try {
    const reply = await client.connection.withDeadline(Date.now() + answerMs, () =>
      handle.executeUpdate(update, { args, ...(updateId === undefined ? {} : { updateId }) }),
    );
    return { reply };
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) {
      const { cause } = error;
      const refusal = cause instanceof ApplicationFailure ? cause.details?.[0] : undefined;
      return { failed: 'refused', reason: cause?.message ?? error.message, refusal };
    }
    if (error instanceof WorkflowNotFoundError) return { failed: 'ended' };
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return { failed: 'no-answer' };
    throw error;
  }
};
