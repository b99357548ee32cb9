import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '../../temporal/connect-client.js';
import { SwpError } from '../../core/error.js';
import type { ShownPlan } from '../../plan/render/markdown.js';
import { queuesOf } from '../../contract/names.js';
import type { Context } from '../context.js';
import { newestPlan } from '../../temporal/newest-plan.js';
import { readPublish, type Running } from '../../temporal/running.js';
import { GRACE_MS, noWorker, startWorkerHint, unpolledControl, unpolledSteps, unpolledText } from '../../temporal/workers.js';

const POLL_MS = 300;

const planLate = (entry: string, deadlineMs: number): SwpError =>
  new SwpError(
    'unavailable',
    'publish/no-plan',
    `The publish of ${entry} was started, but has no plan after ${Math.round(deadlineMs / 1000)} s.`,
    { hint: `Workers are running, but the Hub may not answer them. The publish continues by itself: \`swp status ${entry}\`.` },
  );

/** Throws if no control worker polls: nothing would happen. Warns if no high-memory worker polls: the plan then takes two minutes. */
const checkWorkers = async (client: Client, entry: string, { taskQueue }: Running, { out }: Pick<Context, 'out'>): Promise<void> => {
  const control = await unpolledControl(client, taskQueue);
  if (control !== null) throw noWorker(`The publish of ${entry} was started, but waits.`, control);
  const highmem = await unpolledSteps(client, taskQueue, [queuesOf(taskQueue).light]);
  if (highmem !== null) out.warn(`${unpolledText(highmem)} The plan waits up to two minutes for one. ${startWorkerHint(highmem)}`);
};

/**
 * Waits until a publish has a plan: it then waits for a decision, works, is paused, or has ended.
 *
 * @throws SwpError `publish/no-worker` when no worker polls, `publish/no-plan` when there is no plan at the deadline
 */
export const untilDecidable = async (
  client: Client,
  entry: string,
  deadlineMs: number,
  context: Pick<Context, 'out' | 'signal'>,
): Promise<{ readonly running: Running; readonly plan: ShownPlan | null }> => {
  const begun = Date.now();
  let hasChecked = false;
  for (;;) {
    const running = await readPublish(client, entry);
    const planning = running.isOpen && running.stage === 'planning';
    if (!planning) return { running, plan: await newestPlan(client, running.id, running.runId) };
    if (Date.now() - begun > deadlineMs) throw planLate(entry, deadlineMs);
    if (!hasChecked && Date.now() - begun >= GRACE_MS) {
      hasChecked = true;
      await checkWorkers(client, entry, running, context);
    }
    await delay(POLL_MS, undefined, { signal: context.signal });
  }
};
