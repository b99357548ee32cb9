import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import type { Client } from '@temporalio/client';
import { z } from 'zod';
import { ArtifactPlan } from '../../plan/artifact-plan.js';
import { Check } from '../../plan/checks.js';
import { diffPlans } from '../../plan/diff.js';
import { EntryPlan } from '../../plan/entry-plan.js';
import type { ShownPlan } from '../../plan/render/markdown.js';
import { Digest } from '../../core/ids.js';

const Planned = z.object({ digest: Digest, entryPlan: EntryPlan, artifacts: z.array(ArtifactPlan), volatile: z.array(Check) });
const Request = z.object({ round: z.int(), previous: z.array(ArtifactPlan), entry: z.object({ name: z.string() }) });

const decode = (payload: Payload | null | undefined): unknown =>
  payload === null || payload === undefined ? undefined : defaultPayloadConverter.fromPayload(payload);

/**
 * The newest plan of a publish, from its history: it can be read while no worker is up, and long after.
 * Null before the first plan is made.
 */
export const newestPlan = async (client: Client, workflowId: string, runId?: string): Promise<ShownPlan | null> => {
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const requests = new Map<string, unknown>();
  let newest: ShownPlan | null = null;
  for (const event of events ?? []) {
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled?.activityType?.name === 'planEntry') requests.set(String(event.eventId), decode(scheduled.input?.payloads?.[0]));
    const completed = event.activityTaskCompletedEventAttributes;
    const request = requests.get(String(completed?.scheduledEventId));
    if (completed === null || completed === undefined || request === undefined) continue;
    const asked = Request.safeParse(request);
    const planned = Planned.safeParse(decode(completed.result?.payloads?.[0]));
    if (!asked.success || !planned.success) continue;
    const { digest, artifacts, volatile } = planned.data;
    const changes = asked.data.previous.flatMap((before) => {
      const after = artifacts.find((plan) => plan.kind === before.kind);
      return after === undefined ? [] : diffPlans(before, after, before.kind);
    });
    newest = { entryName: asked.data.entry.name, round: asked.data.round, digest, artifacts, volatile, changes };
  }
  return newest;
};
