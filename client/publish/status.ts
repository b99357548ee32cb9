import type { Client } from '../../temporal/connect-client.js';
import { shortDigest, type DecisionRecord } from '../../plan/decision.js';
import type { ShownPlan } from '../../plan/render/markdown.js';
import type { Problem } from '../../plan/problem.js';
import { decideCommand } from '../../plan/render/words.js';
import type { Digest } from '../../core/ids.js';
import type { Addresses } from '../addresses.js';
import type { TimeText } from '../output/time.js';
import { queryStatus } from '../../temporal/query-status.js';
import { newestPlan } from '../../temporal/newest-plan.js';
import {
  readPublish,
  readTargets,
  type Running,
  type RunningPublish,
  type RunningTarget,
  stageOf,
  decisionsOf,
} from '../../temporal/running.js';
import { decisionLine } from './decision-line.js';
import { sealedText, waitingReleases, type SealedView } from './releases.js';
import { hostAdvice, isLeaving, stepText } from './stage-text.js';
import { startWorkerHint, unpolledControl, unpolledSteps, unpolledText, type UnpolledQueue } from '../../temporal/workers.js';

export interface PublishView {
  readonly publish: RunningPublish;
  readonly plan: ShownPlan | null;
  readonly decisions: readonly DecisionRecord[];
  readonly targets: readonly RunningTarget[];
  /** The sealed files that wait for their release. */
  readonly releases: readonly SealedView[];
  readonly problems: readonly { readonly workflow: string; readonly problem: Problem }[];
  readonly waitingFor: readonly string[];
  /** Hosts that a person moved an artifact away from, while no other host has taken it. */
  readonly previousHosts: readonly { readonly workflow: string; readonly host: string }[];
  /** The first queue that it needs now and that no worker polls. */
  readonly unpolled: UnpolledQueue | null;
}

const findUnpolled = async (client: Client, open: readonly Running[]): Promise<UnpolledQueue | null> => {
  const [first] = open;
  if (first === undefined) return null;
  const queues = open.flatMap(({ steps }) =>
    steps.flatMap((step) => (step.waitsForWorker && step.queue !== null && !isLeaving(step) ? [step.queue] : [])),
  );
  return (await unpolledControl(client, first.taskQueue)) ?? unpolledSteps(client, first.taskQueue, queues);
};

/** Returns the newest plan of a publish. Plans are large, so one that the last view already has is not read again. */
const readPlan = (client: Client, { id, runId, state }: RunningPublish, before: PublishView | undefined): Promise<ShownPlan | null> => {
  const known = before?.publish.runId === runId ? before.plan : null;
  const isKnown = known !== null && known.digest === state?.plan?.digest && known.round === state.plan.round;
  return isKnown ? Promise.resolve(known) : newestPlan(client, id, runId);
};

/**
 * Reads everything that is known about a publish, most of it without a worker.
 *
 * @param before the view of a moment ago, when the publish is watched
 */
export const readView = async (client: Client, entry: string, before?: PublishView): Promise<PublishView> => {
  const publish = await readPublish(client, entry);
  const targets = await readTargets(client, publish);
  const open = [publish, ...targets].filter(({ isOpen }) => isOpen);
  const unpolled = await findUnpolled(client, open);
  const answers = await Promise.all(
    unpolled?.role === 'control' ? [] : open.map(async (running) => ({ running, reply: await queryStatus(client, running) })),
  );
  return {
    publish,
    plan: await readPlan(client, publish, before),
    decisions: decisionsOf(publish, targets),
    targets,
    releases: waitingReleases(targets),
    problems: answers.flatMap(({ running, reply }) => (reply?.problem ? [{ workflow: running.id, problem: reply.problem }] : [])),
    waitingFor: answers.flatMap(({ reply }) => reply?.waitingFor ?? []),
    previousHosts: answers.flatMap(({ running, reply }) =>
      reply?.previousHost == null ? [] : [{ workflow: running.id, host: reply.previousHost }],
    ),
    unpolled,
  };
};

/**
 * Returns the paused workflows, even if no worker could give the reason. A publish also shows that one of its targets is
 * paused, so it counts itself only if no target is.
 */
export const pausedIn = ({ publish, targets }: { readonly publish: Running; readonly targets: readonly Running[] }): readonly Running[] => {
  const isPaused = ({ isOpen, stage }: Running): boolean => isOpen && stage === 'needs-attention';
  const paused = targets.filter(isPaused);
  return paused.length > 0 ? paused : [publish].filter(isPaused);
};

const decideLines = (entry: string, subject: 'plan' | 'manifest', digest: Digest): string[] => [
  `decide    ${decideCommand('approve', entry, subject, digest)}`,
  `or        ${decideCommand('reject', entry, subject, digest)}`,
];

/** Formats of the times and addresses in a view. */
export interface ShownStatus {
  readonly time: TimeText;
  readonly addresses: Pick<Addresses, 'workflow'>;
}

/** Formats the view as lines. */
export const viewLines = (entry: string, view: PublishView, { time, addresses }: ShownStatus): string[] => {
  const page = addresses.workflow(view.publish.id);
  const { publish, plan } = view;
  const explained = new Set(view.problems.map(({ workflow }) => workflow));
  const waitsForDecision = publish.isOpen && publish.stage === 'awaiting-approval';
  return [
    `${entry}: ${stageOf(publish)}`,
    ...(plan === null ? [] : [`  plan      ${shortDigest(plan.digest)}, round ${plan.round}`]),
    `  ${publish.isOpen ? 'since' : 'ended'}     ${time(publish.since)}`,
    ...(page === null ? [] : [`  see       ${page}`]),
    ...view.decisions.map((decision) => `  ${decisionLine(decision, time)}`),
    ...(waitsForDecision && plan !== null ? decideLines(entry, 'plan', plan.digest).map((line) => `  ${line}`) : []),
    ...view.waitingFor.map((id) => `  waits for ${id}, which writes the same target`),
    ...publish.steps.map((step) => `  now       ${stepText(step)}`),
    ...view.targets.flatMap((target) => [
      `  ${target.id}: ${stageOf(target)}${target.isOpen ? ` (since ${time(target.since)})` : ''}`,
      ...target.steps.flatMap((step) => {
        const advice = hostAdvice(entry, step, view.previousHosts.find(({ workflow }) => workflow === target.id)?.host ?? null);
        return [`    now     ${stepText(step)}`, ...(advice === null ? [] : [`            ${advice}`])];
      }),
    ]),
    ...view.releases.flatMap((sealed) => [
      ...sealedText(sealed)
        .split('\n')
        .map((line) => `  ${line}`),
      ...decideLines(entry, 'manifest', sealed.manifest).map((line) => `    ${line}`),
    ]),
    ...view.problems.flatMap(({ workflow, problem }) => [
      `  ${workflow} is paused at ${problem.step} (${problem.code}): ${problem.reason}`,
      ...(problem.hint === null ? [] : [`    what to do: ${problem.hint}`]),
    ]),
    ...pausedIn(view).flatMap(({ id }) => (explained.has(id) ? [] : [`  ${id} is paused; start a control worker to see why`])),
    ...(pausedIn(view).length === 0 ? [] : [`    then: swp retry ${entry}, or swp abandon ${entry}`]),
    ...(view.unpolled === null ? [] : [`  ${unpolledText(view.unpolled)} ${startWorkerHint(view.unpolled, entry)}`]),
  ];
};
