import type { Client } from '@temporalio/client';
import { decideCampaignUpdate } from '../workflows/messages.js';
import { campaignId } from '../contract/names.js';
import type { CampaignInput, CampaignResult } from '../contract/results.js';
import { SwpError } from '../core/error.js';
import type { CampaignDecision } from '../plan/campaign/campaign-decision.js';
import type { publishCampaign } from '../workflows/publish-campaign.js';
import { sendUpdate } from './send-update.js';
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
  const result = await sendUpdate(client, { id: campaignId(id) }, decideCampaignUpdate, { args: [message], answerMs: ANSWER_MS });
  if ('reply' in result) return result.reply.entries;
  const hint = `swp campaign show ${id}`;
  if (result.failed === 'refused') throw new SwpError('stale', 'campaign/refused', result.reason, { hint });
  if (result.failed === 'ended')
    throw new SwpError('not-found', 'campaign/ended', `Campaign ${id} has ended. There is nothing to decide.`, { hint });
  throw noWorker(`No worker answered for campaign ${id}.`, null);
};
