import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import pMap from 'p-map';
import type { DecidedPublish, DecideRequest, FollowedPublish, StartRequest } from '../contract/campaign-activities.js';
import type { EntrySnapshot } from '../catalog/snapshot.js';
import { messageOf } from '../core/error.js';
import { chunkArray } from '../core/chunk-array.js';
import type { Digest } from '../core/ids.js';
import { sanitizeLine } from '../core/text.js';
import { shortDigest } from '../plan/decision.js';
import { decideUpdate, statusQuery } from '../workflows/messages.js';
import { campaignId, publishId } from '../contract/names.js';
import { mapTemporalErrors } from './map-temporal-errors.js';
import { executionState, type ExecutionState } from './execution-state.js';
import { decisionUpdateId } from './send-decision.js';
import { sendUpdate } from './send-update.js';
import { startPublish } from './start-publish.js';

/** A campaign starts, follows and decides publishes through a client, as a person does. */
export interface PublishClient {
  /** Starts a publish, or attaches to a running one with an equal input. Returns its run id when its plan is made. */
  readonly start: (entry: EntrySnapshot, options: Omit<StartRequest, 'entries'>, signal: AbortSignal) => Promise<string>;
  readonly follow: (publishes: readonly { readonly entry: string; readonly run: string }[]) => Promise<readonly FollowedPublish[]>;
  readonly decide: (
    publish: DecideRequest['publishes'][number],
    decision: Omit<DecideRequest, 'publishes'>,
    signal: AbortSignal,
  ) => Promise<Omit<DecidedPublish, 'entry'>>;
}

/** Poll interval while a publish makes its plan. */
const PLANNING_POLL_MS = 500;
/** Longer than any plan takes while the Hub answers. */
const PLANNING_MS = 600_000;
/** Time limit for the answer of one publish. The campaign skips a publish that does not answer. */
const ANSWER_MS = 15_000;
/** Concurrent calls that describe one run each. */
const DESCRIBE_CONCURRENCY = 10;
/** Runs in one query of the server's list. */
const RUNS_PER_QUERY = 50;

type Outcome = Omit<DecidedPublish, 'entry'>;

const ENDED: Outcome = { outcome: 'ended', reason: 'it ended meanwhile' };

/** Returns the state of a run; null if the server does not know it. */
const stateOf = (client: Client, entry: string, run: string): Promise<ExecutionState | null> =>
  mapTemporalErrors(async () => {
    try {
      return executionState(await client.workflow.getHandle(publishId(entry), run).describe());
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return null;
      throw error;
    }
  });

/** Waits until a publish has made its plan, and returns its state: still `planning` if the plan took too long. */
const untilPlanned = async (client: Client, entry: string, run: string, signal: AbortSignal): Promise<ExecutionState | null> => {
  for (const startedAt = Date.now(); ; await delay(PLANNING_POLL_MS, undefined, { signal })) {
    const state = await stateOf(client, entry, run);
    if (state === null || state.stage !== 'planning' || Date.now() - startedAt > PLANNING_MS) return state;
  }
};

const listStates = async (client: Client, runs: readonly string[]): Promise<Map<string, ExecutionState>> => {
  const states = new Map<string, ExecutionState>();
  for (const chunk of chunkArray(runs, RUNS_PER_QUERY)) {
    const query = `RunId IN (${chunk.map((run) => `'${run}'`).join(', ')})`;
    for await (const found of client.workflow.list({ query })) states.set(found.runId, executionState(found));
  }
  return states;
};

interface SentDecision {
  readonly plan: Digest;
  readonly decision: Omit<DecideRequest, 'publishes'>;
  readonly stage: string;
}

const sendDecision = async (client: Client, entry: string, run: string, { plan, decision, stage }: SentDecision): Promise<Outcome> => {
  const { campaign, verdict, reviewer, identity, note } = decision;
  const id = publishId(entry);
  const { approval } = await client.connection.withDeadline(Date.now() + ANSWER_MS, () =>
    client.workflow.getHandle(id, run).query(statusQuery),
  );
  if (approval === null) return { outcome: 'refused', reason: `it is in stage ${stage} and does not wait for a decision` };
  if (approval.plan !== plan) return { outcome: 'plan-changed', reason: `its plan is now ${shortDigest(approval.plan)}` };
  const message = {
    plan,
    verdict,
    reviewer,
    ...(identity === undefined ? {} : { identity }),
    note: `${campaignId(campaign)}${note === undefined ? '' : `: ${note}`}`,
  };
  const result = await sendUpdate(client, { id, runId: run }, decideUpdate, {
    args: [message],
    updateId: decisionUpdateId(approval.round, plan, message),
    answerMs: ANSWER_MS,
  });
  if ('reply' in result) return { outcome: 'accepted', reason: null };
  if (result.failed === 'refused') return { outcome: result.refusal === 'wrong-plan' ? 'plan-changed' : 'refused', reason: result.reason };
  return result.failed === 'ended' ? ENDED : { outcome: 'no-answer', reason: 'it did not answer' };
};

/** Returns a campaign's access to publishes, on the client of the control worker. */
export const campaignPublishes = (client: Client, taskQueue: string): PublishClient => ({
  start: async (entry, { campaign, only, startedBy }, signal) => {
    const input = { entry, only, campaign, ...(startedBy === null ? {} : { startedBy }) };
    const run = await mapTemporalErrors(() => startPublish(client, input, taskQueue));
    await untilPlanned(client, entry.name, run, signal);
    return run;
  },

  follow: async (publishes) => {
    const listed = await mapTemporalErrors(() =>
      listStates(
        client,
        publishes.map(({ run }) => run),
      ),
    );
    // The list lags a moment behind, and lacks runs that retention deleted: describe each run that it does not have.
    return pMap(
      publishes,
      async ({ entry, run }) => ({
        entry,
        ...(listed.get(run) ?? (await stateOf(client, entry, run)) ?? { stage: 'deleted', ended: true }),
      }),
      { concurrency: DESCRIBE_CONCURRENCY },
    );
  },

  decide: async ({ entry, run, plan }, decision, signal) => {
    const state = await untilPlanned(client, entry, run, signal);
    if (state === null || state.ended)
      return { outcome: 'ended', reason: state === null ? 'Temporal no longer knows it' : `it ended as ${state.stage}` };
    if (state.stage === 'planning') return { outcome: 'no-answer', reason: 'it is still planning' };
    try {
      return await sendDecision(client, entry, run, { plan, decision, stage: state.stage });
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return ENDED;
      // A publish that does not answer must not stop the others. The same decision may be sent again: it counts once.
      signal.throwIfAborted();
      return { outcome: 'no-answer', reason: `it did not answer: ${sanitizeLine(messageOf(error), 200)}` };
    }
  },
});
