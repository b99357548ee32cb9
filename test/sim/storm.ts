import type { OpenedHub } from '../../dev/hub/start-local-hub.js';
import { randomNumbers } from '../../dev/checkpoint/random.js';
import type { Intercept } from '../../dev/hub/operations.js';
import { isSameOperation, Numbering, type Place } from '../sweep/exchanges.js';
import { faultOf, KINDS, type Kind } from '../sweep/kinds.js';
import { Incarnation } from './incarnation.js';
import { inspectPublish } from './inspect-publish.js';
import { LARGE_BYTES } from './memory-files.js';
import { AdaptiveConcurrency } from '../../hub/write/adaptive-concurrency.js';
import { publishInMemory, type SimPublish } from './sim-publish.js';
import type { OpenWorld, SimWorld } from './sim-world.js';
import { VirtualClock } from './virtual-clock.js';

/** The faults and crashes of one publish. */
export interface Schedule {
  readonly seed: number;
  /** Faults at exchanges, which are counted from 1 over the whole publish. `choice` selects one of the kinds that can strike there. */
  readonly faults: readonly { readonly exchange: number; readonly choice: number }[];
  /** Crashes of the worker, in order: each before an operation, counted from 1 for each worker. */
  readonly crashes: readonly { readonly operation: number; readonly power: boolean }[];
  /** Operations of the first worker before which the disk becomes full, until an operator frees it. */
  readonly fullDisks: readonly number[];
  /** Exchanges at which another host starts to publish the same entry. */
  readonly rivals: readonly number[];
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
    fullDisks: below(4) === 0 ? [1 + below(OPERATIONS)] : [],
    rivals: below(4) === 0 ? [1 + below(EXCHANGES)] : [],
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

/** Bytes that are left on a full disk. */
const LEFT_BYTES = 1_000;
/** What the messages about it say. */
const FULL = /is full|more disk|ran out of disk space|this host has only/;

/** Publishes the same entry on another host, which shares nothing but the Hub. */
const publishElsewhere = (world: SimWorld, lift: () => void): Promise<SimPublish> => {
  const current = world.startWorker(new Incarnation(), 'other');
  return publishInMemory(world, { lift, workers: { current, next: () => current } });
};

/** Faults that change bytes. A file that is wrong twice is left to an operator, and one that is wrong before it is sealed. */
const CORRUPTING: ReadonlySet<string> = new Set(['flipped bit', 'corrupt part', 'changed sealed byte']);

/** Faults after which parts that the Hub has received are of no use: wrong bytes, or an upload whose addresses have expired. */
const REJECTING: ReadonlySet<string> = new Set([...CORRUPTING, 'wrong ETag', 'lost blobs', 'expired address']);

/** Returns how many parts and small objects can be in flight at once, after so many. */
const mostInFlight = async (sent: number): Promise<number> => {
  const concurrency = new AdaptiveConcurrency();
  for (let nth = 0; nth < sent; nth += 1) await concurrency.run(() => Promise.resolve());
  return concurrency.count;
};

/** Returns how many parts, or whole small objects, the Hub has received, and how many it has accepted again. */
const partsSent = (requests: OpenedHub['requests']): { readonly sent: number; readonly again: number } => {
  const sent = requests.filter(({ operation }) => operation === 'part' || operation === 'put');
  const accepted = sent.filter(({ status }) => status === 200);
  return { sent: sent.length, again: accepted.length - new Set(accepted.map(({ oid, part }) => `${oid} ${part}`)).size };
};

/** @param hosts the hosts that publish: a fault at an exchange of one may change files that the other has not sealed yet */
const mayPause = (struck: readonly Kind[], hosts: number): boolean =>
  struck.some(({ ends }) => ends === 'pauses') || struck.filter(({ name }) => CORRUPTING.has(name)).length * hosts > 1;

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
export const publishInStorm = (openWorld: OpenWorld, schedule: Schedule): Promise<Survived> => {
  const clock = new VirtualClock();
  const run = async (): Promise<Survived> => {
    const world = await openWorld(clock, { seed: schedule.seed });
    const next = randomNumbers(schedule.seed + 1);
    let crashes = 0;
    const { scratch } = world;
    let wasFull = false;
    const onOperation = (operation: number): void => {
      if (crashes > 0 || !schedule.fullDisks.includes(operation)) return;
      wasFull = true;
      scratch.capacity = scratch.used() + LEFT_BYTES;
    };
    const startWorker = () => world.startWorker(new Incarnation(schedule.crashes[crashes]?.operation ?? null, onOperation));
    const workers = {
      current: startWorker(),
      next: () => {
        if (schedule.crashes[crashes]?.power === true) scratch.losePower(() => next() % 2 === 1);
        crashes += 1;
        return startWorker();
      },
    };
    const weather = weatherOf(schedule, world);
    const lift = (): void => {
      weather.lift();
      scratch.capacity = LARGE_BYTES;
    };
    const rivals: Promise<SimPublish>[] = [];
    let exchanges = 0;
    const stopRivals = world.local.on(() => {
      exchanges += 1;
      if (!schedule.rivals.includes(exchanges)) return undefined;
      const rival = publishElsewhere(world, lift);
      // It may fail before anything waits for it.
      rival.catch(() => undefined);
      rivals.push(rival);
      return undefined;
    });
    const stop = world.local.on(weather.intercept);
    const published = await publishInMemory(world, { lift, workers });
    const all = [published, ...(await Promise.all(rivals))];
    stop();
    stopRivals();
    const struck = weather.struck();
    const messages = all.flatMap((one) => one.messages).filter((message) => !wasFull || !FULL.test(message));
    if (messages.length > 0 && !mayPause(struck, all.length))
      throw new Error(`It needed an operator without a fault that needs one: ${messages.join('; ')}`);
    const { sent, again } = partsSent(world.local.requests);
    const mayResend = (await mostInFlight(sent)) * (crashes + struck.length + (wasFull ? 1 : 0));
    if (rivals.length === 0 && !struck.some(({ name }) => REJECTING.has(name)) && again > mayResend)
      throw new Error(`It sent ${again} parts again, and only ${mayResend} can have been in flight.`);
    const payload = await inspectPublish(world, all);
    const log = JSON.stringify({ requests: world.local.requests, scratch: scratch.list(), all, waitedMs: clock.elapsed() });
    return { ...published, payload, crashes, faults: struck.length, log };
  };
  return clock.drive(run());
};
