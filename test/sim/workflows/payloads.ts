import { CancelledFailure, defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import type { RunOptions } from './workflow-run.js';

type Payload = NonNullable<Parameters<typeof defaultPayloadConverter.fromPayload>[0]>;
type Failure = Parameters<typeof defaultFailureConverter.failureToError>[0];

export const decode = (payload: Payload | null | undefined): unknown =>
  payload == null ? undefined : defaultPayloadConverter.fromPayload(payload);
export const encodeAll = (values: readonly unknown[]) => values.map((value) => defaultPayloadConverter.toPayload(value));
export const decodeAll = (payloads: readonly Payload[] | null | undefined): unknown[] => (payloads ?? []).map(decode);
export const errorOf = (failure: Failure): Error => defaultFailureConverter.failureToError(failure, defaultPayloadConverter);

/** The end of a workflow run. */
export type End =
  | { readonly status: 'completed'; readonly result: unknown }
  | { readonly status: 'failed'; readonly error: Error }
  | { readonly status: 'cancelled' }
  /** Another run of the workflow goes on. */
  | { readonly status: 'continued' };

/** Returns the result of a child workflow as its parent receives it. */
export const childResult = (end: End, { workflowId, runId, type }: RunOptions) => {
  if (end.status === 'completed') return { completed: { result: defaultPayloadConverter.toPayload(end.result) } };
  const cause = end.status === 'failed' ? end.error : new CancelledFailure('Workflow execution cancelled');
  const failure = {
    message: 'Child Workflow execution failed',
    childWorkflowExecutionFailureInfo: {
      namespace: 'default',
      workflowExecution: { workflowId, runId },
      workflowType: { name: type },
    },
    cause: defaultFailureConverter.errorToFailure(cause, defaultPayloadConverter),
  };
  return end.status === 'failed' ? { failed: { failure } } : { cancelled: { failure } };
};
