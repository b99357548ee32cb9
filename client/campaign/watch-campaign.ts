import { setTimeout as delay } from 'node:timers/promises';
import { campaignResult } from '../../temporal/campaigns.js';
import type { Client } from '../../temporal/connect-client.js';
import { isEnd, STAGES } from '../../contract/stages.js';
import type { Context } from '../context.js';
import { readCampaign, type ReadCampaign } from '../../temporal/read-campaign.js';

/** Interval of reads. Histories of thousands of entries are too large to read more often. */
const POLL_MS = 5_000;

const isOpen = (stage: string | null): boolean => STAGES.some((known) => known === stage && !isEnd(known));

/** Polls until every publish of a campaign that has not ended is paused. */
const untilPaused = async (client: Client, id: string, signal: AbortSignal): Promise<{ readonly paused: ReadCampaign }> => {
  for (;;) {
    await delay(POLL_MS, undefined, { signal });
    const campaign = await readCampaign(client, id);
    const open = campaign.entries.filter(({ stage }) => isOpen(stage));
    if (open.length > 0 && open.every(({ stage }) => stage === 'needs-attention')) return { paused: campaign };
  }
};

/** Returns how a campaign ended. Without a terminal, also returns when all of it is paused: no person is there to resolve it. */
export const endOrPause = async (client: Client, id: string, { out, signal }: Context) => {
  const ended = campaignResult(client, id).then((result) => ({ result }));
  if (out.live() !== null) return ended;
  const over = new AbortController();
  const paused = untilPaused(client, id, AbortSignal.any([signal, over.signal]));
  try {
    return await Promise.race([ended, paused]);
  } finally {
    over.abort();
    await Promise.allSettled([paused]);
    // `ended` rejects when the connection is closed, and nothing awaits it any more.
    ended.catch(() => undefined);
  }
};
