import type { Client } from '@temporalio/client';
import pMap from 'p-map';
import type { Digest } from '../../core/ids.js';
import type { DecisionRecord } from '../../plan/decision.js';
import { publishId } from '../../workflows/names.js';
import type { TemporalClient } from '../temporal-connection.js';
import { allDecisions } from './decision-history.js';
import { endsIn, type ArtifactEnd } from './ends.js';
import { readEvents } from './events.js';
import { listPages } from './list.js';
import { newestPlanIn } from './plan-history.js';
import { readRunning, type Running } from './read.js';
import { stageOf } from './stage-text.js';

/** One publish of an entry, that runs or has ended. */
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

/** Histories are read a few at a time: each holds whole plans. */
const AT_ONCE = 4;

/** The newest publishes of an entry that the server still has. The newest of all is asked for: the list may not have it yet. */
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

const readRun = async (client: Client, entry: string, known: Known): Promise<Run> => {
  const events = await readEvents(client, publishId(entry), known.runId);
  const plan = newestPlanIn(events);
  return {
    run: known.runId,
    outcome: stageOf(known),
    startedAt: known.startedAt,
    closedAt: known.closedAt,
    plan: plan?.digest ?? null,
    round: plan?.round ?? null,
    decisions: await allDecisions(client, events),
    artifacts: endsIn(events),
  };
};

/**
 * The newest publishes of an entry, newest first.
 *
 * @param entry a name of the catalog's form: it becomes part of a query
 */
export const readRuns = async (temporal: TemporalClient, entry: string, limit: number): Promise<readonly Run[]> =>
  pMap(await knownRuns(temporal, entry, limit), (known) => readRun(temporal.client, entry, known), { concurrency: AT_ONCE });
