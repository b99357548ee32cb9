import { beforeAll, describe, expect, it } from 'vitest';
import { SIM_SCENARIOS } from './scenarios.js';
import { stormSeconds, trySeeds } from './seeds.js';
import { worldsOf, type OpenWorld } from './sim-world.js';
import { publishInStorm, scheduleOf, type Schedule, type Survived } from './storm.js';

const SECONDS = stormSeconds({ quick: 5, slice: 3, all: 200 });

describe.each(['mtp', 'vision', 'vindex'] as const)('a publish of %s in a storm', (name) => {
  let openWorld: OpenWorld;
  let clean: Survived;
  beforeAll(async () => {
    openWorld = await worldsOf(SIM_SCENARIOS[name]);
    clean = await publishInStorm(openWorld, { seed: 1, faults: [], crashes: [], fullDisks: [], rivals: [] });
  });
  const run = async (schedule: Schedule): Promise<Survived> => {
    const survived = await publishInStorm(openWorld, schedule);
    expect(survived.payload).toEqual(clean.payload);
    return survived;
  };

  it('is the same, byte for byte, for the same seed', async () => {
    const crashes = [
      { operation: 40, power: true },
      { operation: 90, power: false },
    ];
    const again = (): Promise<Survived> => publishInStorm(openWorld, { ...scheduleOf(7), crashes, rivals: [30] });
    const [one, two] = [await again(), await again()];
    expect(one.crashes).toBe(crashes.length);
    expect(two.log).toBe(one.log);
  });

  it(
    'ends published, once and completely, whatever goes wrong',
    async () => {
      let crashes = 0;
      await trySeeds(
        { name, scheduleOf, run, lists: ['faults', 'crashes', 'fullDisks', 'rivals'] },
        SECONDS,
        (survived) => (crashes += survived.crashes),
        () => crashes > 0,
      );
    },
    (SECONDS + 60) * 1000,
  );
});
