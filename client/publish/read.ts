import { WorkflowNotFoundError, type Client, type WorkflowExecutionDescription } from '@temporalio/client';
import { SwpError } from '../../core/error.js';
import { Progress } from '../../contract/progress.js';
import { hostOfQueue, publishId } from '../../contract/names.js';
import { SwpEntry, SwpStage } from '../../contract/search-attributes.js';
import type { publishEntry } from '../../workflows/publish-entry.js';
import type { PublishResult } from '../../contract/results.js';

export interface Step {
  readonly activity: string;
  readonly attempt: number;
  readonly progress: Progress | null;
  readonly lastFailure: string | null;
  /** True if no worker has taken it yet. */
  readonly waitsForWorker: boolean;
  /** Its task queue, if the server reports it. */
  readonly queue: string | null;
  /** The only host that can take it. */
  readonly host: string | null;
  /** True if its last attempt timed out: its worker was lost. */
  readonly lost: boolean;
  /** True if a host refused the artifact for lack of room: that host is up. */
  readonly refused: boolean;
}

/** A workflow as the server describes it; this needs no worker. */
export interface Running {
  readonly id: string;
  readonly runId: string;
  readonly entry: string | null;
  readonly status: string;
  readonly stage: string | null;
  readonly startedAt: Date;
  readonly closedAt: Date | null;
  readonly steps: readonly Step[];
  readonly memo: Readonly<Record<string, unknown>>;
  readonly taskQueue: string;
  /** Number of its events. Data from its history changes only with this number. */
  readonly events: number;
}

const PENDING_SCHEDULED = 1;

const stepsOf = (client: Client, description: WorkflowExecutionDescription): Step[] =>
  (description.raw.pendingActivities ?? []).map((pending) => {
    const details = pending.heartbeatDetails?.payloads?.[0];
    const parsed =
      details === undefined ? undefined : Progress.safeParse(client.options.loadedDataConverter.payloadConverter.fromPayload(details));
    const queue = pending.activityOptions?.taskQueue?.name ?? null;
    return {
      activity: pending.activityType?.name ?? 'a step',
      attempt: pending.attempt ?? 1,
      progress: parsed?.success === true ? parsed.data : null,
      lastFailure: pending.lastFailure?.message ?? null,
      waitsForWorker: Number(pending.state) === PENDING_SCHEDULED,
      queue,
      host: queue === null ? null : hostOfQueue(queue),
      lost: pending.lastFailure?.timeoutFailureInfo != null,
      refused: pending.lastFailure?.applicationFailureInfo?.type === 'host-busy',
    };
  });

/** Returns null if the workflow is unknown, or its history has been deleted. */
export const readRunning = async (client: Client, id: string, runId?: string): Promise<Running | null> => {
  try {
    const description = await client.workflow.getHandle(id, runId).describe();
    return {
      id,
      runId: description.runId,
      entry: description.typedSearchAttributes.get(SwpEntry) ?? null,
      status: description.status.name,
      stage: description.typedSearchAttributes.get(SwpStage) ?? null,
      startedAt: description.startTime,
      closedAt: description.closeTime ?? null,
      steps: stepsOf(client, description),
      memo: description.memo ?? {},
      taskQueue: description.taskQueue,
      events: description.historyLength,
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
};

/** @throws SwpError `publish/none` */
export const readPublish = async (client: Client, entry: string): Promise<Running> => {
  const running = await readRunning(client, publishId(entry));
  if (running !== null) return running;
  throw new SwpError('not-found', 'publish/none', `No publish of ${entry} is known to this Temporal server.`, {
    hint: `Start one with \`swp start ${entry}\`, or look at its plan first with --dry-run.`,
  });
};

/** Returns the result of a closed publish; throws the error of one that failed unchanged. */
export const publishResult = (client: Client, { id, runId }: Pick<Running, 'id' | 'runId'>): Promise<PublishResult> =>
  client.workflow.getHandle<typeof publishEntry>(id, runId).result();
