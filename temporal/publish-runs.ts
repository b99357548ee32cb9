import type { Client } from '@temporalio/client';
import pMap from 'p-map';
import type { ArtifactState } from '../contract/memo.js';
import { publishId } from '../contract/names.js';
import type { Digest } from '../core/ids.js';
import type { DecisionRecord } from '../plan/decision.js';
import type { TemporalClient } from './connect-client.js';
import { listPages } from './list-workflows.js';
import { decisionsOf, findPublish, readTargets, stageOf, targetResult, type RunningPublish, type RunningTarget } from './running.js';

/** The outcome of one artifact of a publish. */
export interface ArtifactEnd extends Omit<ArtifactState, 'run' | 'outcome'> {
  /** Its stage if it still runs. */
  readonly outcome: string;
}

/** A publish of an entry, which runs or has ended. */
export interface Run {
  readonly run: string;
  readonly outcome: string;
  readonly startedAt: Date;
  readonly closedAt: Date | null;
  /** The newest plan and its round. */
  readonly plan: Digest | null;
  readonly round: number | null;
  readonly decisions: readonly DecisionRecord[];
  readonly artifacts: readonly ArtifactEnd[];
}

/** Number of publishes that are read concurrently. */
const CONCURRENCY = 8;

/** Returns the newest publishes of an entry that the server still has. Reads the newest one directly: the list may not have it yet. */
const knownRuns = async (temporal: TemporalClient, entry: string, limit: number): Promise<readonly RunningPublish[]> => {
  const newest = await findPublish(temporal.client, entry);
  const listed: string[] = [];
  for await (const page of listPages(temporal, `WorkflowId = '${publishId(entry)}'`)) {
    listed.push(...page.map(({ run }) => run).filter((run) => run !== newest?.runId));
    if (listed.length >= limit) break;
  }
  const older = await pMap(listed.slice(0, limit), (run) => findPublish(temporal.client, entry, run), { concurrency: CONCURRENCY });
  return [newest, ...older]
    .filter((publish) => publish !== null)
    .toSorted((a, b) => b.startedAt.getTime() - a.startedAt.getTime())
    .slice(0, limit);
};

/** Returns the end of an artifact; that of one which still runs, or outlived its publish, from its own workflow. */
const readEnd = async (client: Client, { run, ...artifact }: ArtifactState, targets: readonly RunningTarget[]): Promise<ArtifactEnd> => {
  const { outcome } = artifact;
  if (outcome !== null) return { ...artifact, outcome };
  if (run === null) return { ...artifact, outcome: 'not started' };
  const target = targets.find(({ runId }) => runId === run);
  if (target === undefined) return { ...artifact, outcome: 'unknown', reason: 'its history has been deleted' };
  if (target.status !== 'COMPLETED') return { ...artifact, outcome: stageOf(target) };
  const result = await targetResult(client, target);
  if (result.outcome !== 'published') return { ...artifact, outcome: result.outcome, reason: 'reason' in result ? result.reason : null };
  return { ...artifact, outcome: result.outcome, commit: result.receipt.commit, manifest: result.receipt.manifest };
};

const readRun = async (client: Client, publish: RunningPublish): Promise<Run> => {
  const targets = await readTargets(client, publish);
  const { state } = publish;
  return {
    run: publish.runId,
    outcome: stageOf(publish),
    startedAt: publish.startedAt,
    closedAt: publish.closedAt,
    plan: state?.plan?.digest ?? null,
    round: state?.plan?.round ?? null,
    decisions: decisionsOf(publish, targets),
    artifacts: await Promise.all((state?.artifacts ?? []).map((artifact) => readEnd(client, artifact, targets))),
  };
};

/**
 * Returns the newest publishes of an entry, newest first.
 *
 * @param entry a valid entry name: it becomes part of a query
 */
export const readRuns = async (temporal: TemporalClient, entry: string, limit: number): Promise<readonly Run[]> =>
  pMap(await knownRuns(temporal, entry, limit), (publish) => readRun(temporal.client, publish), { concurrency: CONCURRENCY });
