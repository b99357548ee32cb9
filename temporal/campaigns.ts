import {
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';
import { decideCampaignUpdate } from '../contract/messages.js';
import { campaignId } from '../contract/names.js';
import type { CampaignInput, CampaignResult } from '../contract/results.js';
import { SwpError } from '../core/error.js';
import type { CampaignDecision } from '../plan/campaign/campaign-decision.js';
import type { publishCampaign } from '../workflows/publish-campaign.js';
import { noWorker, unpolledControl } from './workers.js';

const ANSWER_MS = 10_000;

export const startCampaign = async (client: Client, id: string, input: CampaignInput, taskQueue: string): Promise<void> => {
  await client.workflow.start<typeof publishCampaign>('publishCampaign', {
    workflowId: campaignId(id),
    taskQueue,
    args: [input],
    staticSummary: `Campaign ${id}`,
  });
};

/** Waits for the end of a campaign. */
export const campaignResult = (client: Client, id: string): Promise<CampaignResult> =>
  client.workflow.getHandle<typeof publishCampaign>(campaignId(id)).result();

/**
 * Sends a decision to a campaign, and returns the number of publishes that receive it.
 *
 * @throws SwpError `campaign/refused` with the reason, `campaign/ended`, `publish/no-worker`
 */
export const sendCampaignDecision = async (client: Client, id: string, message: CampaignDecision, taskQueue: string): Promise<number> => {
  const missing = await unpolledControl(client, taskQueue);
  if (missing !== null) throw noWorker(`The decision was not sent to campaign ${id}.`, missing);
  try {
    return (
      await client.connection.withDeadline(Date.now() + ANSWER_MS, () =>
        client.workflow.getHandle(campaignId(id)).executeUpdate(decideCampaignUpdate, { args: [message] }),
      )
    ).entries;
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError)
      throw new SwpError('stale', 'campaign/refused', error.cause?.message ?? error.message, { hint: `swp campaign show ${id}` });
    if (error instanceof WorkflowNotFoundError)
      throw new SwpError('not-found', 'campaign/ended', `Campaign ${id} has ended. There is nothing to decide.`, {
        hint: `swp campaign show ${id}`,
      });
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) throw noWorker(`No worker answered for campaign ${id}.`, null);
    throw error;
  }
};
