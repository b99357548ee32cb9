import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { SwpError } from '../../core/error.js';
import type { ShownPlan } from '../../plan/render/markdown.js';
import { queuesOf } from '../../contract/names.js';
import type { Context } from '../context.js';
import { newestPlan } from './plan-history.js';
import { readPublish, type Running } from './read.js';
import { GRACE_MS, noWorker, startWorkerHint, unpolledControl, unpolledSteps, unpolledText } from './workers.js';

const POLL_MS = 300;

const planLate = (entry: string, deadlineMs: number): SwpError =>
  new SwpError(
    'unavailable',
    'publish/no-plan',
    `The publish of ${entry} was started, and no plan was made within ${Math.round(deadlineMs / 1000)} s.`,
    { hint: `Workers poll; does the Hub answer them? It goes on by itself; look with \`swp status ${entry}\`.` },
  );

/** Without a control worker nothing will happen; without a high-memory one the plan takes two minutes, and says so. */
const lookForWorkers = async (client: Client, entry: string, { taskQueue }: Running, { out }: Pick<Context, 'out'>): Promise<void> => {
  const control = await unpolledControl(client, taskQueue);
  if (control !== null) throw noWorker(`The publish of ${entry} was started, and waits.`, control);
  const highmem = await unpolledSteps(client, taskQueue, [queuesOf(taskQueue).light]);
  if (highmem !== null) out.warn(`${unpolledText(highmem)} Its part of the plan is waited for two minutes. ${startWorkerHint(highmem)}`);
};

/**
 * Waits until a publish has made its plan: it then asks for a decision, works, is paused, or has ended.
 *
 * @throws SwpError `publish/no-worker` when no worker polls, `publish/no-plan` when none made it within the deadline
 */
export const untilDecidable = async (
  client: Client,
  entry: string,
  deadlineMs: number,
  context: Pick<Context, 'out' | 'signal'>,
): Promise<{ readonly running: Running; readonly plan: ShownPlan | null }> => {
  const begun = Date.now();
  let looked = false;
  for (;;) {
    const running = await readPublish(client, entry);
    const planning = running.status === 'RUNNING' && running.stage === 'planning';
    if (!planning) return { running, plan: await newestPlan(client, running.id, running.runId) };
    if (Date.now() - begun > deadlineMs) throw planLate(entry, deadlineMs);
    if (!looked && Date.now() - begun >= GRACE_MS) {
      looked = true;
      await lookForWorkers(client, entry, running, context);
    }
    await delay(POLL_MS, undefined, { signal: context.signal });
  }
};
