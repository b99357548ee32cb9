import type { Client } from '@temporalio/client';
import { z } from 'zod';
import { shortDigest } from '../../plan/decision.js';
import type { ShownPlan } from '../../plan/render/markdown.js';
import { progressText } from '../../plan/render/progress.js';
import { statusQuery, targetStatusQuery, type Trouble } from '../../workflows/messages.js';
import { targetId } from '../../workflows/names.js';
import { newestPlan } from './plan-history.js';
import { readPublish, readRunning, type Running, type Step } from './read.js';

/** A query needs a worker; without one the rest of the status still tells the truth. */
const QUERY_MS = 3_000;

const Words = z.object({
  trouble: z.custom<Trouble>().nullable(),
  waitingFor: z.array(z.string()).optional(),
  host: z.string().nullable().optional(),
});

export interface PublishView {
  readonly publish: Running;
  readonly plan: ShownPlan | null;
  readonly targets: readonly Running[];
  readonly troubles: readonly { readonly workflow: string; readonly trouble: Trouble }[];
  readonly waitingFor: readonly string[];
}

const ask = async (client: Client, running: Running): Promise<z.infer<typeof Words> | null> => {
  const query = running.id.startsWith('publish/') ? statusQuery.name : targetStatusQuery.name;
  try {
    return Words.parse(
      await client.connection.withDeadline(Date.now() + QUERY_MS, () => client.workflow.getHandle(running.id, running.runId).query(query)),
    );
  } catch {
    return null;
  }
};

/** Everything that is known of a publish, most of it without asking any worker. */
export const readView = async (client: Client, entry: string): Promise<PublishView> => {
  const publish = await readPublish(client, entry);
  const plan = await newestPlan(client, publish.id, publish.runId);
  const found = await Promise.all((plan?.artifacts ?? []).map((artifact) => readRunning(client, targetId(artifact.target.repo))));
  const targets = found.filter((running): running is Running => running !== null && running.startedAt >= publish.startedAt);
  const open = [publish, ...targets].filter((running) => running.status === 'RUNNING');
  const answers = await Promise.all(open.map(async (running) => ({ running, words: await ask(client, running) })));
  return {
    publish,
    plan,
    targets,
    troubles: answers.flatMap(({ running, words }) => (words?.trouble ? [{ workflow: running.id, trouble: words.trouble }] : [])),
    waitingFor: answers.flatMap(({ words }) => words?.waitingFor ?? []),
  };
};

const stepText = (step: Step): string => {
  if (step.waitsForWorker)
    return `${step.activity}: waits for a worker${step.lastFailure === null ? '' : ` (attempt ${step.attempt}; ${step.lastFailure})`}`;
  const attempt = step.attempt > 1 ? ` (attempt ${step.attempt})` : '';
  return `${step.activity}${step.progress === null ? '' : ` ${progressText(step.progress)}`}${attempt}`;
};

const stageOf = (running: Running): string =>
  running.status === 'RUNNING' ? (running.stage ?? 'at work') : (running.stage ?? running.status.toLowerCase());

/** The view in lines for people. */
export const viewLines = (entry: string, view: PublishView): string[] => [
  `${entry}: ${stageOf(view.publish)}`,
  ...(view.plan === null ? [] : [`  plan      ${shortDigest(view.plan.digest)}, round ${view.plan.round}`]),
  `  since     ${view.publish.startedAt.toISOString()}`,
  ...view.waitingFor.map((id) => `  waits for ${id}, which writes the same target`),
  ...view.publish.steps.map((step) => `  now       ${stepText(step)}`),
  ...view.targets.flatMap((target) => [
    `  ${target.id}: ${stageOf(target)}`,
    ...target.steps.map((step) => `    now     ${stepText(step)}`),
  ]),
  ...view.troubles.flatMap(({ workflow, trouble }) => [
    `  ${workflow} is parked at ${trouble.step}: ${trouble.reason}`,
    ...(trouble.hint === null ? [] : [`    what to do: ${trouble.hint}`]),
    `    then: swp retry ${entry}, or swp abandon ${entry}`,
  ]),
];
