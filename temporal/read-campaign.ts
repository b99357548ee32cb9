import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { z } from 'zod';
import { SwpError } from '../core/error.js';
import { Digest } from '../core/ids.js';
import { CampaignRow, plainRow } from '../plan/campaign/campaign-row.js';
import { campaignPublishes } from './campaign-publishes.js';
import { readAllRuns } from './completed-steps.js';
import { campaignId } from '../contract/names.js';
import { isOpenStatus } from '../contract/stages.js';

const Started = z.array(z.object({ entry: z.string(), run: z.string().nullable(), reason: z.string().nullable() }));
const Decided = z.array(
  z.object({
    entry: z.string(),
    outcome: z.enum(['accepted', 'plan-changed', 'refused', 'ended', 'no-answer']),
    reason: z.string().nullable(),
  }),
);
const Selected = z.object({ mistakes: z.number() });
/** The input of a run that continued as new: all that remains once the earlier history is deleted. */
const Resumed = z.object({
  resume: z.object({
    digest: Digest,
    items: z.array(z.object({ entry: z.string(), plan: Digest })),
    publishes: Started,
  }),
});
const DecisionInput = z.object({
  verdict: z.enum(['approve', 'reject']),
  reviewer: z.string(),
  identity: z.enum(['hub', 'os']).optional(),
});

/** An entry of a campaign, with the state of its publish. */
export interface CampaignEntry extends CampaignRow {
  /** The stage or the end of its publish; null if none was started. */
  readonly stage: string | null;
  /** The reason why its publish was not started, or did not accept a decision. */
  readonly problem: string | null;
}

export interface ShownDecision extends z.infer<typeof DecisionInput> {
  readonly accepted: number;
  readonly of: number;
}

export interface ReadCampaign {
  readonly id: string;
  readonly run: string;
  readonly status: string;
  /** False if it has closed. */
  readonly isOpen: boolean;
  readonly startedAt: Date;
  readonly taskQueue: string;
  /** Null while it is planned, or if nothing changes. */
  readonly plan: Digest | null;
  readonly entries: readonly CampaignEntry[];
  readonly decisions: readonly ShownDecision[];
  /** True if every publish was started, or failed to start. */
  readonly started: boolean;
  /** Number of mistakes in the catalog, whose entries were left out. */
  readonly mistakes: number;
}

/**
 * Reads a campaign from the results of its steps; this needs no worker.
 *
 * @param id null for the newest
 * @param follow false to leave out the stages of its publishes
 * @throws SwpError `campaign/none`
 */
export const readCampaign = async (client: Client, id: string | null, follow = true): Promise<ReadCampaign> => {
  const found = await describe(client, id);
  const runs = await readAllRuns(client, found.workflowId, found.runId);
  const steps = runs.flatMap((run) => run.steps);
  const of = (name: string): unknown[] => steps.filter(({ activity }) => activity === name).map(({ result }) => result);
  const resumed = Resumed.safeParse(runs[0]?.input).data?.resume;
  const rows = [
    ...(resumed?.items ?? []).map(({ entry, plan }) => ({ ...plainRow(entry, 'changes', null), plan })),
    ...of('planCampaignBatch').flatMap((result) => z.array(CampaignRow).safeParse(result).data ?? []),
  ];
  const publishes = [...(resumed?.publishes ?? []), ...of('startPublishes').flatMap((result) => Started.safeParse(result).data ?? [])];
  const decided = steps.flatMap(({ activity, input, result }) => {
    const [decision, answers] = [DecisionInput.safeParse(input).data, Decided.safeParse(result).data];
    return activity !== 'decidePublishes' || decision === undefined || answers === undefined ? [] : [{ decision, answers }];
  });
  const running = follow ? publishes.flatMap(({ entry, run }) => (run === null ? [] : [{ entry, run }])) : [];
  const states = new Map((await campaignPublishes(client, found.taskQueue).follow(running)).map(({ entry, stage }) => [entry, stage]));
  const problems = new Map<string, string>();
  for (const { entry, reason } of publishes) if (reason !== null) problems.set(entry, reason);
  for (const { entry, outcome, reason } of decided.flatMap(({ answers }) => answers))
    if (outcome === 'accepted') problems.delete(entry);
    else problems.set(entry, `${outcome}${reason === null ? '' : `: ${reason}`}`);
  return {
    id: found.workflowId.replace(/^campaign\//, ''),
    run: found.runId,
    status: found.status.name,
    isOpen: isOpenStatus(found.status.name),
    startedAt: found.startTime,
    taskQueue: found.taskQueue,
    plan: resumed?.digest ?? of('digestCampaign').flatMap((digest) => Digest.safeParse(digest).data ?? [])[0] ?? null,
    entries: rows.map((row) => ({ ...row, stage: states.get(row.entry) ?? null, problem: problems.get(row.entry) ?? null })),
    decisions: decided.map(({ decision, answers }) => ({
      ...decision,
      accepted: answers.filter(({ outcome }) => outcome === 'accepted').length,
      of: answers.length,
    })),
    mistakes: of('selectEntries').flatMap((selected) => Selected.safeParse(selected).data?.mistakes ?? [])[0] ?? 0,
    started: publishes.length === rows.filter(({ state }) => state === 'changes').length,
  };
};

const describe = async (client: Client, id: string | null) => {
  const wanted = id === null ? await newest(client) : campaignId(id);
  try {
    if (wanted !== null) return await client.workflow.getHandle(wanted).describe();
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
  throw new SwpError('not-found', 'campaign/none', `No campaign${id === null ? '' : ` ${id}`} is known to this Temporal server.`, {
    hint: 'Start one: swp campaign --tier smoke',
  });
};

const newest = async (client: Client): Promise<string | null> => {
  for await (const { workflowId } of client.workflow.list({ query: "WorkflowType = 'publishCampaign'", pageSize: 1 })) return workflowId;
  return null;
};
