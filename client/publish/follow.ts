import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { SwpError } from '../../core/error.js';
import type { ShownPlan } from '../../plan/render/markdown.js';
import { readPublish, type Running } from './read.js';
import { newestPlan } from './plan-history.js';

const POLL_MS = 300;

/**
 * Waits until a publish has made its plan: it then asks for a decision, works, is parked, or has ended.
 *
 * @throws SwpError `publish/no-worker` when nobody works on it within the deadline
 */
export const untilDecidable = async (
  client: Client,
  entry: string,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<{ readonly running: Running; readonly plan: ShownPlan | null }> => {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const running = await readPublish(client, entry);
    const planning = running.status === 'RUNNING' && running.stage === 'planning';
    if (!planning) return { running, plan: await newestPlan(client, running.id, running.runId) };
    if (Date.now() > deadline) {
      throw new SwpError(
        'unavailable',
        'publish/no-worker',
        `The publish of ${entry} was started, and no plan was made within ${Math.round(deadlineMs / 1000)} s.`,
        {
          hint: `Are a control worker (\`swp worker control\`) and a high-memory one (\`swp worker highmem\`) up, and does the Hub answer them? It goes on by itself; look with \`swp status ${entry}\`.`,
        },
      );
    }
    await delay(POLL_MS, undefined, { signal });
  }
};
