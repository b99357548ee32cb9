import { afterAll, describe, expect, it } from 'vitest';
import { TIER } from '../support/tiers.js';
import { Numbering, type Place } from '../sweep/exchanges.js';
import { expectEnd, KINDS, type Kind } from '../sweep/kinds.js';
import { Strike } from '../sweep/strike.js';
import { inspectPublish } from './inspect-publish.js';
import { publishInMemory, reliableWorker, type SimPublish } from './sim-publish.js';
import { worldsOf, type Scenario } from './sim-world.js';
import { VirtualClock } from './virtual-clock.js';

interface Ran extends SimPublish {
  readonly payload: ReadonlyMap<string, string>;
  readonly places: readonly Place[];
}

type OpenWorld = Awaited<ReturnType<typeof worldsOf>>;

/** Publishes in a new world, with a fault at one exchange. */
const run = async (openWorld: OpenWorld, fault?: { readonly kind: Kind; readonly at: string }): Promise<Ran> => {
  const clock = new VirtualClock();
  return clock.drive(
    (async () => {
      const world = await openWorld(clock);
      const { local, layout, source, target, entry } = world;
      const workers = reliableWorker(world);
      const repos = { key: 'model', source, target, entry };
      const numbering = new Numbering(repos);
      const places: Place[] = [];
      const strike = fault === undefined ? null : new Strike({ files: world.scratch.files(), layout }, fault.kind, fault.at);
      const intercept = strike?.watch(repos);
      const stop = local.on((exchange) => {
        places.push(numbering.next(exchange));
        return intercept?.(exchange);
      });
      const published = await publishInMemory(world, () => strike?.lift(), workers);
      stop();
      if (strike !== null) expect(strike.struck).toBe(true);
      return { ...published, places, payload: await inspectPublish(world, published) };
    })(),
  );
};

/** `npm test` runs one case of 36: for each fault other exchanges, and every exchange for some fault. The slices together run all. */
const SHARE = { quick: 36, slice: TIER.name === 'slice' ? TIER.count : 1, all: 1 }[TIER.name];
const FIRST = TIER.name === 'slice' ? TIER.index : 0;

/** Publishes once without a fault, and then with each fault at each exchange. */
export const sweepInMemory = async (name: string, scenario: Scenario): Promise<void> => {
  const openWorld = await worldsOf(scenario);
  const clean = await run(openWorld);
  let cases = 0;
  const since = performance.now();
  describe(`a publish of ${name} in memory, with a fault at each exchange`, () => {
    it.each(KINDS.map((kind, at) => [kind.name, kind, at] as const))('%s', async (_, kind, at) => {
      const places = clean.places.filter((place) => kind.strikes(place));
      for (const [index, place] of places.entries()) {
        if ((index + at + FIRST) % Math.min(SHARE, places.length) !== 0) continue;
        cases += 1;
        try {
          const ran = await run(openWorld, { kind, at: place.name });
          expect(ran.payload).toEqual(clean.payload);
          expectEnd(kind, ran);
        } catch (cause) {
          throw new Error(`${kind.name} at ${place.name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
        }
      }
    });
    afterAll(() => {
      process.stderr.write(`${name}: ${clean.places.length} exchanges, ${cases} cases in ${Math.round(performance.now() - since)} ms\n`);
    });
  });
};
