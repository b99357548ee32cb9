import type { Client } from '@temporalio/client';
import { z } from 'zod';
import { Digest } from '../core/ids.js';
import { ApprovalPolicy } from '../plan/approval.js';
import { ArtifactPlan } from '../plan/artifact-plan.js';
import { Check } from '../plan/checks.js';
import { diffPlans } from '../plan/diff.js';
import type { ShownPlan } from '../plan/render/markdown.js';
import { readSteps } from './completed-steps.js';

const Request = z.object({
  round: z.int(),
  previous: z.array(ArtifactPlan),
  entry: z.object({ name: z.string() }),
  startedBy: z.string().nullish(),
});
const Planned = z.object({
  digest: Digest,
  artifacts: z.array(ArtifactPlan),
  volatile: z.array(Check),
  approvals: ApprovalPolicy,
});

/** Returns the newest plan of a publish: the result of its last `planEntry`; null before the first plan is made. */
export const newestPlan = async (client: Client, workflowId: string, runId?: string): Promise<ShownPlan | null> => {
  const { steps } = await readSteps(client, workflowId, runId);
  const step = steps.findLast(({ activity }) => activity === 'planEntry');
  const [request, planned] = [Request.safeParse(step?.input), Planned.safeParse(step?.result)];
  if (!request.success || !planned.success) return null;
  const { entry, round, startedBy = null, previous } = request.data;
  const changes = previous.flatMap((before) => {
    const after = planned.data.artifacts.find((plan) => plan.kind === before.kind);
    return after === undefined ? [] : diffPlans(before, after, before.kind);
  });
  return { entryName: entry.name, round, ...planned.data, changes, startedBy };
};
