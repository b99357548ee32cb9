import { WorkflowNotFoundError, type Client, type WorkflowExecutionDescription } from '@temporalio/client';
import type { z } from 'zod';
import { SwpError } from '../core/error.js';
import { MEMO_KEY, type PublishMemo, type TargetMemo } from '../contract/memo.js';
import { HOST_BUSY, hostOfQueue, publishId, targetId } from '../contract/names.js';
import { Progress } from '../contract/progress.js';
import { SwpEntry, SwpStage } from '../contract/search-attributes.js';
import { PUBLISH_MEMO, TARGET_MEMO, WORKFLOW_MEMO } from './memo-schemas.js';
import type { publishArtifact } from '../workflows/publish-artifact.js';
import type { publishEntry } from '../workflows/publish-entry.js';
import type { ArtifactResult, PublishResult } from '../contract/results.js';
import { executionStage, isOpenStatus } from '../contract/stages.js';
import type { DecisionRecord } from '../plan/decision.js';

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
  /** True if a host refused the artifact for lack of a slot, disk or memory: that host is up. */
  readonly refused: boolean;
}

/** A workflow as the server describes it; this needs no worker. */
export interface Running {
  readonly id: string;
  readonly runId: string;
  readonly entry: string | null;
  readonly status: string;
  /** False if it has closed. */
  readonly isOpen: boolean;
  readonly stage: string | null;
  readonly startedAt: Date;
  readonly closedAt: Date | null;
  /** The time when it entered its stage, or ended. */
  readonly since: Date;
  readonly steps: readonly Step[];
  readonly taskQueue: string;
}

/** A publish with the state that it keeps in its memo; null before its first step. */
export interface RunningPublish extends Running {
  readonly state: PublishMemo | null;
}

/** The workflow of a target with the state that it keeps in its memo; null before its first step. */
export interface RunningTarget extends Running {
  readonly state: TargetMemo | null;
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
      refused: pending.lastFailure?.applicationFailureInfo?.type === HOST_BUSY,
    };
  });

/** @throws SwpError `publish/other-version` for a memo that this program cannot read */
const stateIn = <State>(id: string, memo: unknown, schema: z.ZodType<State>): State | null => {
  if (memo === undefined) return null;
  const parsed = schema.safeParse(memo);
  if (parsed.success) return parsed.data;
  throw new SwpError('conflict', 'publish/other-version', `The state of ${id} was written by a worker of another version of SWP.`, {
    hint: 'Run the same version of `swp` as the workers.',
  });
};

const readWithState = async <State>(
  client: Client,
  { id, runId }: { readonly id: string; readonly runId?: string | undefined },
  schema: z.ZodType<State & { readonly since: string }>,
): Promise<(Running & { readonly state: State | null }) | null> => {
  try {
    const description = await client.workflow.getHandle(id, runId).describe();
    const state = stateIn(id, description.memo?.[MEMO_KEY], schema);
    return {
      id,
      runId: description.runId,
      entry: description.typedSearchAttributes.get(SwpEntry) ?? null,
      status: description.status.name,
      isOpen: isOpenStatus(description.status.name),
      stage: description.typedSearchAttributes.get(SwpStage) ?? null,
      startedAt: description.startTime,
      closedAt: description.closeTime ?? null,
      since: description.closeTime ?? (state === null ? description.startTime : new Date(state.since)),
      steps: stepsOf(client, description),
      taskQueue: description.taskQueue,
      state,
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
};

/** Returns any workflow; null if it is unknown, or its history has been deleted. */
export const readRunning = (client: Client, id: string, runId?: string): Promise<Running | null> =>
  readWithState(client, { id, runId }, WORKFLOW_MEMO);

/** Returns a publish; null if it is unknown, or its history has been deleted. */
export const findPublish = (client: Client, entry: string, runId?: string): Promise<RunningPublish | null> =>
  readWithState(client, { id: publishId(entry), runId }, PUBLISH_MEMO);

/** Returns the workflow of a target; null if it is unknown, or its history has been deleted. */
export const findTarget = (client: Client, repo: string, runId?: string): Promise<RunningTarget | null> =>
  readWithState(client, { id: targetId(repo), runId }, TARGET_MEMO);

/** Returns the workflows of a publish's targets, running or ended. */
export const readTargets = async (client: Client, { state }: RunningPublish): Promise<readonly RunningTarget[]> => {
  const started = (state?.artifacts ?? []).flatMap(({ target, run }) => (run === null ? [] : [{ target, run }]));
  const found = await Promise.all(started.map(({ target, run }) => findTarget(client, target, run)));
  return found.filter((target) => target !== null);
};

/** @throws SwpError `publish/none` */
export const readPublish = async (client: Client, entry: string): Promise<RunningPublish> => {
  const running = await findPublish(client, entry);
  if (running !== null) return running;
  throw new SwpError('not-found', 'publish/none', `No publish of ${entry} is known to this Temporal server.`, {
    hint: `Start one with \`swp start ${entry}\`, or look at its plan first with --dry-run.`,
  });
};

/** Returns the result of a completed workflow of a target. */
export const targetResult = (client: Client, { id, runId }: Pick<Running, 'id' | 'runId'>): Promise<ArtifactResult> =>
  client.workflow.getHandle<typeof publishArtifact>(id, runId).result();

/** Returns the result of a closed publish; throws the error of one that failed unchanged. */
export const publishResult = (client: Client, { id, runId }: Pick<Running, 'id' | 'runId'>): Promise<PublishResult> =>
  client.workflow.getHandle<typeof publishEntry>(id, runId).result();

/** Formats the stage of a workflow, or how it ended. */
export const stageOf = (running: Pick<Running, 'status' | 'stage'>): string => executionStage(running).replaceAll('_', ' ');

/** Returns the decisions of a publish, and those about the releases of its targets. */
export const decisionsOf = ({ state }: RunningPublish, targets: readonly RunningTarget[]): readonly DecisionRecord[] => [
  ...(state?.decisions ?? []),
  ...targets.flatMap((target) => target.state?.decisions ?? []),
];
