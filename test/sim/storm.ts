import { randomNumbers } from '../../dev/checkpoint/random.js';
import type { Intercept } from '../../dev/hub/operations.js';
import { isSameOperation, Numbering, type Place } from '../sweep/exchanges.js';
import { faultOf, KINDS, type Kind } from '../sweep/kinds.js';
import { Incarnation } from './incarnation.js';
import { inspectPublish } from './inspect-publish.js';
import { publishInMemory, type SimPublish } from './sim-publish.js';
import type { SimWorld } from './sim-world.js';
import { VirtualClock } from './virtual-clock.js';

/** The faults and crashes of one publish. */
export interface Schedule {
  readonly seed: number;
  /** Faults at exchanges, which are counted from 1 over the whole publish. `choice` selects one of the kinds that can strike there. */
  readonly faults: readonly { readonly exchange: number; readonly choice: number }[];
  /** Crashes of the worker, in order: each before an operation, counted from 1 for each worker. */
  readonly crashes: readonly { readonly operation: number; readonly power: boolean }[];
}

/** About as many as a publish without faults has. */
const EXCHANGES = 100;
const OPERATIONS = 600;
const MAX_FAULTS = 4;
const MAX_CRASHES = 3;

/** Derives a schedule from its seed. */
export const scheduleOf = (seed: number): Schedule => {
  const next = randomNumbers(seed);
  const below = (limit: number): number => next() % limit;
  return {
    seed,
    faults: Array.from({ length: below(MAX_FAULTS + 1) }, () => ({
      exchange: 1 + below(EXCHANGES),
      choice: below(1_000),
    })),
    crashes: Array.from({ length: below(MAX_CRASHES + 1) }, () => ({ operation: 1 + below(OPERATIONS), power: below(2) === 1 })),
  };
};

interface Weather {
  readonly intercept: Intercept;
  /** Lifts every lasting fault. */
  readonly lift: () => void;
  readonly struck: () => readonly Kind[];
}

const weatherOf = (schedule: Schedule, world: SimWorld): Weather => {
  const numbering = new Numbering({ key: 'model', ...world });
  const struck: Kind[] = [];
  let exchanges = 0;
  let lasting: { readonly kind: Kind; readonly place: Place }[] = [];
  const scratch = { files: world.scratch.files(), layout: world.layout };
  return {
    lift: () => (lasting = []),
    struck: () => struck,
    intercept: (exchange) => {
      const place = numbering.next(exchange);
      exchanges += 1;
      const again = lasting.find((one) => isSameOperation(one.place, place));
      if (again !== undefined) return faultOf(again.kind, scratch);
      const planned = schedule.faults.find((fault) => fault.exchange === exchanges);
      if (planned === undefined) return undefined;
      const kinds = KINDS.filter(({ strikes }) => strikes(place));
      const kind = kinds[planned.choice % kinds.length];
      if (kind === undefined) return undefined;
      struck.push(kind);
      if (kind.lasts === true) lasting = [...lasting, { kind, place }];
      return faultOf(kind, scratch);
    },
  };
};

/** Faults that change bytes. A file that is wrong twice is left to an operator. */
const CORRUPTING: ReadonlySet<string> = new Set(['flipped bit', 'corrupt part', 'changed sealed byte']);

const mayPause = (struck: readonly Kind[]): boolean =>
  struck.some(({ ends }) => ends === 'pauses') || struck.filter(({ name }) => CORRUPTING.has(name)).length > 1;

export interface Survived extends SimPublish {
  /** Digests of the published files that are the same in every run. */
  readonly payload: ReadonlyMap<string, string>;
  /** Crashes and faults that happened: a publish may end before they are due. */
  readonly crashes: number;
  readonly faults: number;
  /** Everything that happened, for a comparison with another run. */
  readonly log: string;
}

/**
 * Publishes under a schedule.
 *
 * @throws if it does not end published, exactly once and completely
 */
export const publishInStorm = (
  openWorld: (clock: VirtualClock, seed: number) => Promise<SimWorld>,
  schedule: Schedule,
): Promise<Survived> => {
  const clock = new VirtualClock();
  const run = async (): Promise<Survived> => {
    const world = await openWorld(clock, schedule.seed);
    const next = randomNumbers(schedule.seed + 1);
    let crashes = 0;
    const startWorker = () => world.startWorker(new Incarnation(schedule.crashes[crashes]?.operation ?? null));
    const workers = {
      current: startWorker(),
      next: () => {
        if (schedule.crashes[crashes]?.power === true) world.scratch.losePower(() => next() % 2 === 1);
        crashes += 1;
        return startWorker();
      },
    };
    const { intercept, lift, struck } = weatherOf(schedule, world);
    const stop = world.local.on(intercept);
    const published = await publishInMemory(world, lift, workers);
    stop();
    if (published.helped > 0 && !mayPause(struck()))
      throw new Error(`It needed an operator without a fault that needs one: ${published.messages.join('; ')}`);
    const payload = await inspectPublish(world, published);
    const log = JSON.stringify({ requests: world.local.requests, scratch: world.scratch.list(), published, waitedMs: clock.elapsed() });
    return { ...published, payload, crashes, faults: struck().length, log };
  };
  return clock.drive(run());
};
