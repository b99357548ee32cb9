import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { z } from 'zod';
import { SwpError } from '../../core/error.js';
import { Digest } from '../../core/ids.js';
import { CampaignRow, plainRow } from '../../plan/campaign/campaign-row.js';
import { campaignPublishes } from '../../temporal/campaign-publishes.js';
import { campaignId } from '../../contract/names.js';
import { firstPayload, readEvents, type HistoryEvent } from '../publish/events.js';

const Started = z.array(z.object({ entry: z.string(), run: z.string().nullable(), reason: z.string().nullable() }));
const Decided = z.array(
  z.object({ entry: z.string(), outcome: z.enum(['taken', 'moved', 'refused', 'ended', 'late']), reason: z.string().nullable() }),
);
const Selected = z.object({ mistakes: z.number() });
/** What a run that goes on as new was given: all that is left of it once the history before is deleted. */
const Resumed = z.object({
  resume: z.object({
    digest: Digest,
    items: z.array(z.object({ entry: z.string(), plan: Digest })),
    publishes: Started,
  }),
});
const Asked = z.object({ verdict: z.enum(['approve', 'reject']), reviewer: z.string(), identity: z.enum(['hub', 'os']).optional() });

/** One entry of a campaign, and what became of it. */
export interface CampaignEntry extends CampaignRow {
  /** Where its publish stands, or how it ended; null where none was started. */
  readonly stage: string | null;
  /** Why its publish was not started, or why a decision was not taken. */
  readonly trouble: string | null;
}

export interface ShownDecision extends z.infer<typeof Asked> {
  readonly taken: number;
  readonly of: number;
}

export interface ReadCampaign {
  readonly id: string;
  readonly run: string;
  readonly status: string;
  readonly startedAt: Date;
  readonly taskQueue: string;
  /** Null while it is planned, or where nothing changes. */
  readonly plan: Digest | null;
  readonly entries: readonly CampaignEntry[];
  readonly decisions: readonly ShownDecision[];
  /** Every publish that it has to start was started, or could not be. */
  readonly started: boolean;
  /** Mistakes of the catalog, whose entries were left out. */
  readonly mistakes: number;
}

/** The events of all runs of a workflow that has continued as new, oldest first. */
const allEvents = async (client: Client, id: string, run: string): Promise<readonly HistoryEvent[]> => {
  const events = await readEvents(client, id, run);
  const before = events[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? '';
  if (before === '') return events;
  try {
    return [...(await allEvents(client, id, before)), ...events];
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return events;
    throw error;
  }
};

/** What each step was given, and what it answered, in the order of the answers. */
const stepsIn = (events: readonly HistoryEvent[]): { readonly name: string; readonly input: unknown; readonly result: unknown }[] => {
  const scheduled = new Map<string, { readonly name: string; readonly input: unknown }>();
  return events.flatMap((event) => {
    const begun = event.activityTaskScheduledEventAttributes;
    // Ids of events begin anew in each run, and so do the steps that they name.
    if (event.workflowExecutionStartedEventAttributes) scheduled.clear();
    if (begun) scheduled.set(String(event.eventId), { name: begun.activityType?.name ?? '', input: firstPayload(begun.input) });
    const completed = event.activityTaskCompletedEventAttributes;
    const step = scheduled.get(String(completed?.scheduledEventId));
    return completed && step !== undefined ? [{ ...step, result: firstPayload(completed.result) }] : [];
  });
};

/**
 * A campaign as its history has it, which can be read while no worker is up.
 *
 * @param id null for the newest
 * @param follow false where nobody wants to know how its publishes stand
 * @throws SwpError `campaign/none`
 */
export const readCampaign = async (client: Client, id: string | null, follow = true): Promise<ReadCampaign> => {
  const found = await describe(client, id);
  const events = await allEvents(client, found.workflowId, found.runId);
  const steps = stepsIn(events);
  const of = (name: string): unknown[] => steps.filter((step) => step.name === name).map(({ result }) => result);
  const resumed = Resumed.safeParse(firstPayload(events[0]?.workflowExecutionStartedEventAttributes?.input)).data?.resume;
  const rows = [
    ...(resumed?.items ?? []).map(({ entry, plan }) => ({ ...plainRow(entry, 'changes', null), plan })),
    ...of('planCampaignBatch').flatMap((result) => z.array(CampaignRow).safeParse(result).data ?? []),
  ];
  const publishes = [...(resumed?.publishes ?? []), ...of('startPublishes').flatMap((result) => Started.safeParse(result).data ?? [])];
  const decided = steps.flatMap(({ name, input, result }) => {
    const [asked, answers] = [Asked.safeParse(input).data, Decided.safeParse(result).data];
    return name !== 'decidePublishes' || asked === undefined || answers === undefined ? [] : [{ asked, answers }];
  });
  const running = follow ? publishes.flatMap(({ entry, run }) => (run === null ? [] : [{ entry, run }])) : [];
  const states = new Map((await campaignPublishes(client, found.taskQueue).follow(running)).map(({ entry, stage }) => [entry, stage]));
  const troubles = new Map<string, string>();
  for (const { entry, reason } of publishes) if (reason !== null) troubles.set(entry, reason);
  for (const { entry, outcome, reason } of decided.flatMap(({ answers }) => answers))
    if (outcome === 'taken') troubles.delete(entry);
    else troubles.set(entry, `${outcome}${reason === null ? '' : `: ${reason}`}`);
  return {
    id: found.workflowId.replace(/^campaign\//, ''),
    run: found.runId,
    status: found.status.name,
    startedAt: found.startTime,
    taskQueue: found.taskQueue,
    plan: resumed?.digest ?? of('digestCampaign').flatMap((digest) => Digest.safeParse(digest).data ?? [])[0] ?? null,
    entries: rows.map((row) => ({ ...row, stage: states.get(row.entry) ?? null, trouble: troubles.get(row.entry) ?? null })),
    decisions: decided.map(({ asked, answers }) => ({
      ...asked,
      taken: answers.filter(({ outcome }) => outcome === 'taken').length,
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
