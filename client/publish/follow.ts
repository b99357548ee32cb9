import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { SwpError } from '../../core/error.js';
import type { ShownPlan } from '../../plan/render/markdown.js';
import type { Running } from './read.js';
import { readPublish } from './read.js';
import { newestPlan } from './plan-history.js';

const POLL_MS = 300;

/**
 * Waits until a publish asks for a decision, parks, or ends.
 *
 * @throws SwpError `publish/no-worker` when nobody works on it within the deadline
 */
export const untilDecidable = async (client: Client, entry: string, deadlineMs: number, signal: AbortSignal): Promise<{ readonly running: Running; readonly plan: ShownPlan | null }> => {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const running = await readPublish(client, entry);
    const settled = running.status !== 'RUNNING' || running.stage === 'awaiting-approval' || running.stage === 'needs-attention' || running.stage === null;
    if (settled && (running.stage !== null || running.status !== 'RUNNING' || running.steps.length === 0)) return { running, plan: await newestPlan(client, running.id, running.runId) };
    if (Date.now() > deadline) {
      throw new SwpError('unavailable', 'publish/no-worker', `The publish of ${entry} was started, and no plan was made within ${Math.round(deadlineMs / 1000)} s.`, {
        hint: `Is a control worker up (\`swp worker control\`), and a high-memory one (\`swp worker highmem\`)? It goes on by itself; look with \`swp status ${entry}\`.`,
      });
    }
    await delay(POLL_MS, undefined, { signal });
  }
};
