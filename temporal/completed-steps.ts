import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';

/** A completed activity of a workflow: its name, its first argument, and its result. */
export interface CompletedStep {
  readonly activity: string;
  readonly input: unknown;
  readonly result: unknown;
}

/** The completed activities of one run, in the order of their results, and what the run began with. */
export interface RunSteps {
  /** The first argument of the workflow. */
  readonly input: unknown;
  /** The run that continued as this one; null for the first run. */
  readonly previousRun: string | null;
  readonly steps: readonly CompletedStep[];
}

/** Returns the first argument or the result that an event carries; undefined if it carries none. */
const firstPayload = (payloads: { readonly payloads?: Payload[] | null } | null | undefined): unknown => {
  const payload = payloads?.payloads?.[0];
  return payload === undefined ? undefined : defaultPayloadConverter.fromPayload(payload);
};

/**
 * Reads the completed activities of a run from its history. It needs no running worker, and also works after the workflow has
 * ended. Inputs and results are contracts of the activities; the caller parses them.
 */
export const readSteps = async (client: Client, workflowId: string, runId?: string): Promise<RunSteps> => {
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const scheduled = new Map<string, Omit<CompletedStep, 'result'>>();
  const steps: CompletedStep[] = [];
  for (const event of events ?? []) {
    const begun = event.activityTaskScheduledEventAttributes;
    if (begun) scheduled.set(String(event.eventId), { activity: begun.activityType?.name ?? '', input: firstPayload(begun.input) });
    const completed = event.activityTaskCompletedEventAttributes;
    const step = scheduled.get(String(completed?.scheduledEventId));
    if (completed && step !== undefined) steps.push({ ...step, result: firstPayload(completed.result) });
  }
  const started = events?.[0]?.workflowExecutionStartedEventAttributes;
  const previousRun = started?.continuedExecutionRunId ?? '';
  return { input: firstPayload(started?.input), previousRun: previousRun === '' ? null : previousRun, steps };
};

/** Reads a run and the runs before it that continued as new, oldest first, as far as the server still has them. */
export const readAllRuns = async (client: Client, workflowId: string, runId: string): Promise<readonly RunSteps[]> => {
  const run = await readSteps(client, workflowId, runId);
  if (run.previousRun === null) return [run];
  try {
    return [...(await readAllRuns(client, workflowId, run.previousRun)), run];
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return [run];
    throw error;
  }
};
