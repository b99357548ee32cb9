import type { Client } from '@temporalio/client';
import { z } from 'zod';
import { Digest } from '../../core/ids.js';
import { ApprovalPolicy } from '../../plan/approval.js';
import { ArtifactPlan } from '../../plan/artifact-plan.js';
import { Check } from '../../plan/checks.js';
import { diffPlans } from '../../plan/diff.js';
import { EntryPlan } from '../../plan/entry-plan.js';
import type { ShownPlan } from '../../plan/render/markdown.js';
import { firstPayload, readEvents, type HistoryEvent } from './events.js';

const Planned = z.object({
  digest: Digest,
  entryPlan: EntryPlan,
  artifacts: z.array(ArtifactPlan),
  volatile: z.array(Check),
  approvals: ApprovalPolicy.optional(),
});
const Request = z.object({
  round: z.int(),
  previous: z.array(ArtifactPlan),
  entry: z.object({ name: z.string() }),
  startedBy: z.string().nullish(),
});

/** Reads the plans of a publish from its events, one after another. */
export class PlanReader {
  private readonly requests = new Map<string, unknown>();

  /** Returns the plan that this event completes, if it completes one. */
  read(event: HistoryEvent): ShownPlan | null {
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled?.activityType?.name === 'planEntry') this.requests.set(String(event.eventId), firstPayload(scheduled.input));
    const completed = event.activityTaskCompletedEventAttributes;
    const request = this.requests.get(String(completed?.scheduledEventId));
    if (completed === null || completed === undefined || request === undefined) return null;
    const parsedRequest = Request.safeParse(request);
    const planned = Planned.safeParse(firstPayload(completed.result));
    if (!parsedRequest.success || !planned.success) return null;
    const { digest, artifacts, volatile, approvals } = planned.data;
    const changes = parsedRequest.data.previous.flatMap((before) => {
      const after = artifacts.find((plan) => plan.kind === before.kind);
      return after === undefined ? [] : diffPlans(before, after, before.kind);
    });
    const { entry, round, startedBy = null } = parsedRequest.data;
    return {
      entryName: entry.name,
      round,
      digest,
      artifacts,
      volatile,
      changes,
      ...(approvals === undefined ? {} : { approvals }),
      startedBy,
    };
  }
}

/** Returns the newest plan among the events of a publish; null before the first plan is made. */
export const newestPlanIn = (events: readonly HistoryEvent[]): ShownPlan | null => {
  const reader = new PlanReader();
  return events.reduce<ShownPlan | null>((newest, event) => reader.read(event) ?? newest, null);
};

/** Returns the newest plan of a publish, from its history; null before the first plan is made. */
export const newestPlan = async (client: Client, workflowId: string, runId?: string): Promise<ShownPlan | null> =>
  newestPlanIn(await readEvents(client, workflowId, runId));
