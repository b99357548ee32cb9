import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client';
import { newestPlan } from '../../temporal/newest-plan.js';
import { readRunning } from '../../temporal/running.js';
import { publishId, targetId } from '../../contract/names.js';
import type { PublishResult } from '../../contract/results.js';
import type { TestEnvironment } from '../support/test-environment.js';
import type { Repos } from './scenario.js';

const POLL_MS = 40;
/** Limit for a publish that stays blocked, for example by an unreadable source. */
const MAX_STARTS = 3;

export interface Driven {
  readonly result: PublishResult;
  /** Number of plans that were approved. */
  readonly approvals: number;
  /** Number of times that the operator had to lift the fault: for a paused publish, or for one that ended with a blocked plan. */
  readonly helped: number;
}

export interface Operator {
  /** Lifts a permanent fault. */
  readonly lift: () => void;
  readonly onApprove: () => void;
}

/** Acts as the operator: approves each plan that is shown, and retries after lifting a fault. */
export const drive = async (
  testEnvironment: TestEnvironment,
  { entry, target }: Repos,
  operator: Operator,
  signal: AbortSignal,
): Promise<Driven> => {
  const { client } = testEnvironment.temporal;
  const [publish, child] = [publishId(entry.name), targetId(target)];
  const approved = new Set<string>();
  let [helped, starts] = [0, 1];
  /** Returns false when the workflow closed or moved on in the meantime; the loop then reads its state again. */
  const update = async (id: string, name: string, message: Record<string, string>): Promise<boolean> => {
    try {
      await client.workflow.getHandle(id).executeUpdate(name, { args: [message] });
      return true;
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError) return false;
      const running = await readRunning(client, id);
      if (running?.status !== 'RUNNING') return false;
      throw error;
    }
  };
  const help = async (id: string): Promise<void> => {
    operator.lift();
    if (await update(id, 'resolve', { action: 'retry' })) helped += 1;
  };

  await testEnvironment.start(entry);
  for (;;) {
    signal.throwIfAborted();
    const running = await readRunning(client, publish);
    if (running === null) throw new Error(`${publish} does not exist`);
    if (running.status !== 'RUNNING') {
      try {
        return { result: await testEnvironment.result(entry), approvals: approved.size, helped };
      } catch (error) {
        if (!(error instanceof WorkflowFailedError) || starts >= MAX_STARTS) throw error;
        operator.lift();
        [helped, starts] = [helped + 1, starts + 1];
        await testEnvironment.start(entry);
        continue;
      }
    }
    if (running.stage === 'needs-attention') await help(publish);
    if (running.stage === 'awaiting-approval') {
      const plan = await newestPlan(client, publish, running.runId);
      const shown = plan === null ? null : `${running.runId} ${plan.round}`;
      if (plan !== null && shown !== null && !approved.has(shown)) {
        operator.onApprove();
        if (await update(publish, 'decide', { plan: plan.digest, verdict: 'approve', reviewer: 'ada' })) approved.add(shown);
      }
    }
    const artifact = await readRunning(client, child);
    if (artifact?.status === 'RUNNING' && artifact.stage === 'needs-attention') await help(child);
    await delay(POLL_MS, undefined, { signal });
  }
};
