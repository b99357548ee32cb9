import type { Client } from '@temporalio/client';
import pMap from 'p-map';
import type { Digest } from '../../core/ids.js';
import type { DecisionRecord } from '../../plan/decision.js';
import { publishId } from '../../contract/names.js';
import type { TemporalClient } from '../../temporal/connect-client.js';
import { allDecisions } from './decision-history.js';
import { endOf, endsIn, targetEndIn, type ArtifactEnd, type OpenArtifact } from './ends.js';
import { readEvents } from './events.js';
import { listPages } from './list.js';
import { newestPlanIn } from './plan-history.js';
import { readRunning, type Running } from './read.js';
import { stageOf } from './stage-text.js';

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

type Known = Pick<Running, 'runId' | 'status' | 'stage' | 'startedAt' | 'closedAt'>;

/** Number of histories that are read concurrently: each contains whole plans. */
const CONCURRENCY = 4;

/** Returns the newest publishes of an entry that the server still has. Reads the newest one directly: the list may not have it yet. */
const knownRuns = async (temporal: TemporalClient, entry: string, limit: number): Promise<readonly Known[]> => {
  const id = publishId(entry);
  const newest = await readRunning(temporal.client, id);
  const known: Known[] = newest === null ? [] : [newest];
  for await (const page of listPages(temporal, `WorkflowId = '${id}'`)) {
    known.push(...page.filter(({ run }) => run !== newest?.runId).map((listed) => ({ ...listed, runId: listed.run })));
    if (known.length >= limit) break;
  }
  return known.toSorted((a, b) => b.startedAt.getTime() - a.startedAt.getTime()).slice(0, limit);
};

/** Returns the outcome of an artifact that still runs, or outlived its publish, from its own workflow. */
const readOpen = async (client: Client, { kind, target, child }: OpenArtifact): Promise<ArtifactEnd> => {
  if (child === null) return endOf(kind, target, { outcome: 'not started' });
  const running = await readRunning(client, child.id, child.run);
  if (running === null) return endOf(kind, target, { outcome: 'unknown', reason: 'its history has been deleted' });
  const end = running.status === 'COMPLETED' ? targetEndIn(await readEvents(client, child.id, child.run)) : null;
  return endOf(kind, target, end ?? { outcome: stageOf(running) });
};

const readRun = async (client: Client, entry: string, known: Known): Promise<Run> => {
  const events = await readEvents(client, publishId(entry), known.runId);
  const plan = newestPlanIn(events);
  const { ended, open } = endsIn(events);
  return {
    run: known.runId,
    outcome: stageOf(known),
    startedAt: known.startedAt,
    closedAt: known.closedAt,
    plan: plan?.digest ?? null,
    round: plan?.round ?? null,
    decisions: await allDecisions(client, events),
    artifacts: [...ended, ...(await Promise.all(open.map((artifact) => readOpen(client, artifact))))],
  };
};

/**
 * Returns the newest publishes of an entry, newest first.
 *
 * @param entry a valid entry name: it becomes part of a query
 */
export const readRuns = async (temporal: TemporalClient, entry: string, limit: number): Promise<readonly Run[]> =>
  pMap(await knownRuns(temporal, entry, limit), (known) => readRun(temporal.client, entry, known), { concurrency: CONCURRENCY });
