import { afterAll, describe, expect, it } from 'vitest';
import { messageOf } from '../../core/error.js';
import { TIER } from '../support/tiers.js';
import { Numbering, type Place } from '../sweep/exchanges.js';
import { expectEnd, KINDS, type Kind } from '../sweep/kinds.js';
import { Strike } from '../sweep/strike.js';
import { Incarnation } from './incarnation.js';
import { inspectPublish } from './inspect-publish.js';
import { publishInMemory, type Progress, type SimPublish } from './sim-publish.js';
import { worldsOf, type OpenWorld, type Scenario, type SimWorld, type Snapshot } from './sim-world.js';
import { VirtualClock } from './virtual-clock.js';

/** A moment before a step of the publish without faults. */
interface Stage {
  readonly progress: Progress;
  readonly snapshot: Snapshot;
  readonly now: number;
  /** Numbering and number of the exchanges before. */
  readonly numbering: Numbering;
  readonly exchanges: number;
}

type Trouble =
  | { readonly kind: Kind; readonly at: string }
  /** The worker ends before an operation, counted from the stage. `power`: what was not synced is lost. */
  | { readonly crashAt: number; readonly power: boolean };

interface Published extends SimPublish {
  readonly payload: ReadonlyMap<string, string>;
}

interface Clean extends Published {
  readonly places: readonly Place[];
  readonly stages: readonly Stage[];
}

const reposOf = ({ source, target, entry }: SimWorld) => ({ key: 'model', source, target, entry });

/** Publishes without a fault, and keeps every stage. */
const runClean = (openWorld: OpenWorld): Promise<Clean> => {
  const clock = new VirtualClock();
  const run = async (): Promise<Clean> => {
    const world = await openWorld(clock);
    const numbering = new Numbering(reposOf(world));
    const places: Place[] = [];
    const stages: Stage[] = [];
    const stop = world.local.on((exchange) => void places.push(numbering.next(exchange)));
    const onStep = (progress: Progress): void => {
      stages.push({ progress, snapshot: world.snapshot(), now: clock.now(), numbering: numbering.copy(), exchanges: places.length });
    };
    const published = await publishInMemory(world, { onStep });
    stop();
    return { ...published, places, stages, payload: await inspectPublish(world, [published]) };
  };
  return clock.drive(run());
};

/** Returns the operations of a worker that starts at a stage, until the next one. */
const countOperations = async (openWorld: OpenWorld, stage: Stage): Promise<number> => {
  let operations = 0;
  let steps = 0;
  const clock = new VirtualClock(stage.now);
  const run = async (): Promise<void> => {
    const world = await openWorld(clock, { from: stage.snapshot });
    const current = world.startWorker(new Incarnation(null, () => void (operations += steps === 1 ? 1 : 0)));
    const onStep = (): void => void (steps += 1);
    await publishInMemory(world, { from: stage.progress, onStep, workers: { current, next: () => current } });
  };
  await clock.drive(run());
  return operations;
};

/** Goes on from a stage, with a fault at one exchange, a crash, or neither. */
const runFrom = (openWorld: OpenWorld, stage: Stage, trouble?: Trouble): Promise<Published> => {
  const fault = trouble !== undefined && 'kind' in trouble ? trouble : null;
  const crash = trouble !== undefined && 'crashAt' in trouble ? trouble : null;
  const clock = new VirtualClock(stage.now);
  const run = async (): Promise<Published> => {
    const world = await openWorld(clock, { from: stage.snapshot });
    const workers = {
      current: world.startWorker(new Incarnation(crash?.crashAt ?? null)),
      next: () => {
        if (crash?.power === true) world.scratch.losePower(() => true);
        return world.startWorker(new Incarnation());
      },
    };
    const strike = fault === null ? null : new Strike({ files: world.scratch.files(), layout: world.layout }, fault.kind, fault.at);
    const stop = strike === null ? () => undefined : world.local.on(strike.watchFrom(stage.numbering.copy()));
    const published = await publishInMemory(world, { lift: () => strike?.lift(), from: stage.progress, workers });
    stop();
    if (strike !== null) expect(strike.struck).toBe(true);
    return { ...published, payload: await inspectPublish(world, [published]) };
  };
  return clock.drive(run());
};

/** Runs one case of so many in this tier: for each fault other exchanges, and every exchange for some fault. The slices together run all. */
const shareIn = (quick: number): number => ({ quick, slice: TIER.name === 'slice' ? TIER.count : 1, all: 1 })[TIER.name];
const FAULT_SHARE = shareIn(12);
const CRASH_SHARE = shareIn(36);
const TIMEOUT_MS = 900_000;
/** Crashes during one step: before each of its operations, or before every few of very many. */
const MAX_CRASHES = 400;
const FIRST = TIER.name === 'slice' ? TIER.index : 0;

/** Publishes once without trouble, and then with each fault at each exchange, and with crashes during each step. */
export const sweepInMemory = async (name: string, scenario: Scenario): Promise<void> => {
  const openWorld = await worldsOf(scenario);
  const clean = await runClean(openWorld);
  const stageOf = (index: number): Stage => clean.stages.findLast(({ exchanges }) => exchanges <= index)!;
  let cases = 0;
  let crashes = 0;
  const since = performance.now();
  describe(`a publish of ${name} in memory, with a fault at each exchange`, () => {
    it.each(clean.stages.map((stage) => [stage.progress.next, stage] as const))(
      'has the same end if it goes on from %s',
      async (_, stage) => {
        const { payload, approvals, helped } = await runFrom(openWorld, stage);
        expect({ payload, approvals, helped }).toEqual({ payload: clean.payload, approvals: 1, helped: 0 });
      },
    );
    it.each(KINDS.map((kind, at) => [kind.name, kind, at] as const))(
      '%s',
      async (_, kind, at) => {
        const strikable = clean.places.flatMap((place, index) => (kind.strikes(place) ? [{ place, index }] : []));
        for (const [nth, { place, index }] of strikable.entries()) {
          if ((nth + at + FIRST) % Math.min(FAULT_SHARE, strikable.length) !== 0) continue;
          cases += 1;
          try {
            const published = await runFrom(openWorld, stageOf(index), { kind, at: place.name });
            expect(published.payload).toEqual(clean.payload);
            expectEnd(kind, published);
          } catch (cause) {
            throw new Error(`${kind.name} at ${place.name}: ${messageOf(cause)}`, { cause });
          }
        }
      },
      TIMEOUT_MS,
    );
    it.each(clean.stages.map((stage, at) => [stage.progress.next, stage, at] as const))(
      'crashes during the step %s',
      async (_, stage, at) => {
        const operations = await countOperations(openWorld, stage);
        const every = CRASH_SHARE * Math.ceil(operations / MAX_CRASHES);
        for (let crashAt = 1; crashAt <= operations; crashAt += 1) {
          if ((crashAt + at + FIRST) % every !== 0) continue;
          for (const power of [false, true]) {
            crashes += 1;
            try {
              const { payload, approvals, helped } = await runFrom(openWorld, stage, { crashAt, power });
              expect({ payload, approvals, helped }).toEqual({ payload: clean.payload, approvals: 1, helped: 0 });
            } catch (cause) {
              const lost = power ? ', with a loss of power,' : '';
              throw new Error(`a crash${lost} before operation ${crashAt}: ${messageOf(cause)}`, {
                cause,
              });
            }
          }
        }
      },
      TIMEOUT_MS,
    );
    afterAll(() => {
      const seconds = Math.round((performance.now() - since) / 1000);
      process.stderr.write(`${name}: ${clean.places.length} exchanges, ${cases} faults and ${crashes} crashes in ${seconds} s\n`);
    });
  });
};
