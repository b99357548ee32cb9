import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowNotFoundError, WorkflowUpdateFailedError, type Client, type WorkflowExecutionInfo } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Publishes } from '../activities/campaign/activities.js';
import type { DecidedPublish, FollowedPublish } from '../activities/campaign/api.js';
import { shortDigest } from '../plan/decision.js';
import { decideUpdate, statusQuery } from '../workflows/messages.js';
import { campaignId, publishId } from '../workflows/names.js';
import { SwpStage } from '../workflows/search-attributes.js';
import { startPublish } from './start-publish.js';

/** Between two looks at a publish that makes its plan. */
const PLANNING_POLL_MS = 500;
/** Longer than any plan takes on a Hub that answers. */
const PLANNING_MS = 600_000;
/** Runs in one query of the server's list. */
const LISTED_AT_ONCE = 50;

type Outcome = Omit<DecidedPublish, 'entry'>;

type Standing = Omit<FollowedPublish, 'entry'>;

/** Temporal's word where a run has no stage of its own: its targets are at work, or it was ended from outside. */
const standing = ({ status, typedSearchAttributes }: Pick<WorkflowExecutionInfo, 'status' | 'typedSearchAttributes'>): Standing => {
  const ended = status.name !== 'RUNNING';
  return { stage: typedSearchAttributes.get(SwpStage) ?? (ended ? status.name.toLowerCase() : 'at work'), ended };
};

/** The stage of a run, and whether it runs; null where the server knows no such run. */
const stateOf = async (client: Client, entry: string, run: string): Promise<Standing | null> => {
  try {
    return standing(await client.workflow.getHandle(publishId(entry), run).describe());
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
};

/** Waits until a publish has made its plan; its stage then, or `planning` where that took too long. */
const untilPlanned = async (client: Client, entry: string, run: string, signal: AbortSignal) => {
  for (const begun = Date.now(); ; await delay(PLANNING_POLL_MS, undefined, { signal })) {
    const state = await stateOf(client, entry, run);
    if (state === null || state.stage !== 'planning' || Date.now() - begun > PLANNING_MS) return state;
  }
};

const listStates = async (client: Client, runs: readonly string[]): Promise<Map<string, Standing>> => {
  const states = new Map<string, Standing>();
  for (let at = 0; at < runs.length; at += LISTED_AT_ONCE) {
    const query = `RunId IN (${runs
      .slice(at, at + LISTED_AT_ONCE)
      .map((run) => `'${run}'`)
      .join(', ')})`;
    for await (const found of client.workflow.list({ query })) states.set(found.runId, standing(found));
  }
  return states;
};

/** The refusal of a publish, whose code is the first detail. */
const refused = (error: WorkflowUpdateFailedError): Outcome => {
  const { cause } = error;
  const isMoved = cause instanceof ApplicationFailure && cause.details?.[0] === 'wrong-plan';
  return { outcome: isMoved ? 'moved' : 'refused', reason: cause?.message ?? error.message };
};

/** What a campaign does with publishes, through the client of the control worker. */
export const campaignPublishes = (client: Client, taskQueue: string): Publishes => ({
  start: async (entry, { campaign, only, startedBy }, signal) => {
    const input = { entry, only, campaign, ...(startedBy === null ? {} : { startedBy }) };
    const run = await startPublish(client, input, taskQueue);
    await untilPlanned(client, entry.name, run, signal);
    return run;
  },

  follow: async (publishes) => {
    const listed = await listStates(
      client,
      publishes.map(({ run }) => run),
    );
    // The list lags a moment behind, and forgets what retention deleted: who is not in it is asked for.
    return Promise.all(
      publishes.map(async ({ entry, run }) => ({
        entry,
        ...(listed.get(run) ?? (await stateOf(client, entry, run)) ?? { stage: 'forgotten', ended: true }),
      })),
    );
  },

  decide: async ({ entry, run, plan }, { campaign, verdict, reviewer, identity, note }, signal) => {
    const state = await untilPlanned(client, entry, run, signal);
    if (state === null || state.ended) return { outcome: 'ended', reason: state === null ? 'forgotten' : `it ended ${state.stage}` };
    if (state.stage === 'planning') return { outcome: 'late', reason: 'it makes its plan still' };
    const handle = client.workflow.getHandle(publishId(entry), run);
    const { approval } = await handle.query(statusQuery);
    if (approval === null) return { outcome: 'refused', reason: `it is ${state.stage}, and asks nothing` };
    if (approval.plan !== plan) return { outcome: 'moved', reason: `plan ${shortDigest(approval.plan)} now` };
    const message = {
      plan,
      verdict,
      reviewer,
      ...(identity === undefined ? {} : { identity }),
      note: `${campaignId(campaign)}${note === undefined ? '' : `: ${note}`}`,
    };
    try {
      await handle.executeUpdate(decideUpdate, { args: [message], updateId: `${approval.round}:${plan}:${reviewer}:${verdict}` });
      return { outcome: 'taken', reason: null };
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError) return refused(error);
      if (error instanceof WorkflowNotFoundError) return { outcome: 'ended', reason: 'it ended meanwhile' };
      throw error;
    }
  },

  sleep: (milliseconds, signal) => delay(milliseconds, undefined, { signal }),
});
