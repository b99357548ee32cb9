import { EntrySnapshot } from '../../../catalog/snapshot.js';
import { campaignId, hostOfQueue, publishId, targetId } from '../../../contract/names.js';
import type { PublishStatus, TargetStatus } from '../../../contract/messages.js';
import type { CampaignInput, PublishInput } from '../../../contract/results.js';
import { RepoId } from '../../../core/ids.js';
import { VirtualClock } from '../virtual-clock.js';
import { WorkerGone, type Steps } from './activity-run.js';
import { fakeSteps } from './fake-steps.js';
import type { Ground } from './ground.js';
import { inspectOrder } from './inspect-order.js';
import { chooser, type Act, type Order } from './order.js';
import { People, STARTER } from './people.js';
import { SimTemporal, type Run } from './sim-temporal.js';
import type { loadWorkflows } from './workflow-run.js';
import { World } from './world.js';

/** History events after which a campaign continues as new. */
const CONTINUE_AFTER = 60;
const HOUR_MS = 3_600_000;
const MAX_HOURS = 60;
/** Longer than any request that arrives late. */
const AFTERMATH_MS = 60_000;

/** The names of an order: two entries with the same first target. */
export const namesOf = ({ seed }: Pick<Order, 'seed'>) => ({
  entry: `order/model-${seed}`,
  rival: `order/rival-${seed}`,
  mtp: RepoId.parse(`Acme/order-${seed}-mtp`),
  vision: RepoId.parse(`Acme/order-${seed}-vision`),
});

const inputOf = (name: string, { seed, artifacts, reviewArtifacts }: Order): PublishInput => ({
  entry: EntrySnapshot.parse({
    name,
    entry: {
      key: name.split('/')[1],
      tier: 'smoke',
      mtp_source_repo: 'labs/model',
      mtp_sidecar_repo: namesOf({ seed }).mtp,
      ...(artifacts === 2 ? { vision_source_repo: 'labs/model', vision_sidecar_repo: namesOf({ seed }).vision } : {}),
    },
  }),
  only: [],
  startedBy: STARTER,
  ...(reviewArtifacts ? { reviewArtifacts } : {}),
});

export interface Played {
  readonly runs: readonly Run[];
  readonly world: World;
  /** `workflow step` of every attempt of a step, in order. */
  readonly steps: readonly string[];
  /** Answers that people gave only when they looked by themselves. */
  readonly lateAnswers: number;
}

/** Returns the steps of an order, for a simulated or a real server, and the log that they write. */
export const playOrder = (order: Order, world: World, ground: Ground): { readonly steps: Steps; readonly log: readonly string[] } => {
  const { entry, rival, mtp } = namesOf(order);
  const inputs = new Map([entry, rival].map((name) => [name, inputOf(name, name === entry ? order : { ...order, artifacts: 1 })]));
  const log: string[] = [];
  const counts = new Map<string, number>();
  const count = (what: string): number => {
    const nth = (counts.get(what) ?? 0) + 1;
    counts.set(what, nth);
    return nth;
  };
  /** What they answer depends on nothing that happened before. */
  const peopleFor = (occasion: string): People => new People(world, ground, chooser(order.seed, `${occasion} ${count(occasion)}`));
  const act = async (what: Act): Promise<void> => {
    switch (what) {
      case 'cancel-publish':
        return ground.cancel(publishId(entry));
      case 'cancel-target':
        return ground.cancel(targetId(mtp));
      case 'move':
      case 'abandon':
        return void (await ground.update(targetId(mtp), 'resolve', { action: what }));
      case 'stranger':
        world.commit(mtp, { manifest: null, recipe: null, run: null });
        return;
      case 'rival':
        return ground.start('publishEntry', publishId(rival), [inputs.get(rival)]).then(() => undefined);
      case 'old-approval':
        return peopleFor(what).approveOld(publishId(entry));
    }
  };
  const steps = fakeSteps({
    world,
    ground,
    policy: order.policy,
    collects: order.collects,
    inputs,
    onStep: ({ name, workflowId }) => {
      log.push(`${workflowId} ${name}`);
      const attempt = count(name);
      for (const planned of order.acts) if (planned.step === log.length) void act(planned.act);
      return order.faults.find((one) => one.step === name && one.attempt === attempt)?.fault ?? null;
    },
    onNotified: (notification) => void peopleFor(notification.event).read(notification),
  });
  return { steps, log };
};

/** Starts the publish of an order, or its campaign. */
export const startOrder = async (order: Order, ground: Ground): Promise<void> => {
  const { entry } = namesOf(order);
  const campaign: CampaignInput = { select: { which: 'all' }, only: [], startedBy: STARTER, continueAfter: CONTINUE_AFTER };
  if (order.campaign) await ground.start('publishCampaign', campaignId(String(order.seed)), [campaign]);
  else await ground.start('publishEntry', publishId(entry), [inputOf(entry, order)]);
};

/** Answers everything that still waits: a notification may have been lost, or its reader may have given a wrong answer. */
const watchAtNight = async (temporal: SimTemporal, people: People): Promise<number> => {
  let answers = 0;
  for (const { type, workflowId, end } of temporal.runs) {
    if (end !== null || type === 'publishCampaign') continue;
    const status = (await temporal.query(workflowId, type === 'publishEntry' ? 'status' : 'target-status')) as PublishStatus | TargetStatus;
    if (status.problem !== null) {
      answers += 1;
      await temporal.update(workflowId, 'resolve', { action: 'retry' }).catch(() => undefined);
    }
    const open = 'approval' in status ? status.approval : status.release;
    if (open?.state !== 'open') continue;
    answers += 1;
    await people.approve(workflowId, open.manifest === null ? { plan: open.plan } : { manifest: open.manifest });
  }
  return answers;
};

/**
 * Runs an order on the simulated server, until everything has ended.
 *
 * @throws with all violations of what a publish promises
 */
export const runOrder = async (workflows: ReturnType<typeof loadWorkflows>, order: Order): Promise<Played> => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1), (MAX_HOURS + 2) * HOUR_MS);
  const world = new World(clock.now);
  const ground: Ground = {
    sleep: clock.sleep,
    workerGone: () => new WorkerGone('the worker is gone'),
    start: (type, workflowId, input) => temporal.start(type, workflowId, input),
    closed: (workflowId) => temporal.closed(workflowId),
    signal: (workflowId, name, message) => Promise.resolve(void temporal.signal(workflowId, name, message)),
    update: (workflowId, name, message) =>
      temporal.update(workflowId, name, message).then(
        () => true,
        () => false,
      ),
    cancel: (workflowId) => Promise.resolve(void temporal.cancel(workflowId)),
  };
  const { steps, log } = playOrder(order, world, ground);
  const temporal = new SimTemporal(workflows, clock, steps, chooser(order.seed, 'server'), ({ name, queue, workflowId }) => {
    if (name === 'freeHost') world.unfreed.add(`${hostOfQueue(queue) ?? ''} ${workflowId}`);
  });
  const watcher = new People(world, ground, () => 0);
  const freeAfterEnds = (): void =>
    world.freeAfterEnds(new Set(temporal.runs.filter(({ end }) => end !== null).map(({ workflowId }) => workflowId)));
  const work = async (): Promise<Played> => {
    await startOrder(order, ground);
    let lateAnswers = 0;
    for (let hour = 0; temporal.runs.some(({ end }) => end === null); hour += 1) {
      if (hour === MAX_HOURS)
        throw new Error(
          `${temporal.runs
            .filter(({ end }) => end === null)
            .map(({ workflowId }) => workflowId)
            .join()} never end`,
        );
      await clock.sleep(HOUR_MS);
      freeAfterEnds();
      lateAnswers += await watchAtNight(temporal, watcher);
    }
    await clock.sleep(AFTERMATH_MS);
    freeAfterEnds();
    const played = { runs: temporal.runs, world, steps: log, lateAnswers };
    inspectOrder(order, played);
    return played;
  };
  try {
    return await clock.drive(work(), () => temporal.settle());
  } finally {
    await temporal.close();
  }
};
