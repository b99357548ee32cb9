import { describe, expect, it } from 'vitest';
import type { Fault } from '../../dev/hub/index.js';
import { SIM_SCENARIOS } from './scenarios.js';
import { publishInMemory } from './sim-publish.js';
import { worldsOf } from './sim-world.js';
import { VirtualClock } from './virtual-clock.js';

const HOUR = 3_600_000;

const worlds = {
  mtp: await worldsOf({ ...SIM_SCENARIOS.mtp, collected: true }),
  vision: await worldsOf({ ...SIM_SCENARIOS.vision, collected: true }),
  vindex: await worldsOf({ ...SIM_SCENARIOS.vindex, collected: true }),
};

/** Publishes in a new world, from facts to the collection. */
const publish = (kind: keyof typeof SIM_SCENARIOS, seed = 1, fault: (nth: number) => Fault | undefined = () => undefined) => {
  const clock = new VirtualClock();
  const run = async () => {
    const world = await worlds[kind](clock, { seed });
    let requests = 0;
    world.local.on(() => fault((requests += 1)));
    const published = await publishInMemory(world);
    const { scratch, local, target } = world;
    return { ...published, local, disk: scratch.list(), head: await local.admin.head(target), waitedMs: clock.elapsed() };
  };
  return clock.drive(run());
};

describe.each(['mtp', 'vision', 'vindex'] as const)('a publish of %s in memory', (kind) => {
  it('runs from its plan to its collection without a socket, a file or a wait', async () => {
    const { approvals, helped, collection, local } = await publish(kind);
    expect({ approvals, helped, collection }).toMatchObject({ approvals: 1, helped: 0, collection: { outcome: 'added' } });
    expect(local.requests.filter(({ operation }) => operation === 'commit')).toHaveLength(1);
  });

  it('has equal requests, files and bytes in equal runs', async () => {
    const [one, two] = [await publish(kind, 5), await publish(kind, 5)];
    expect(two.local.requests).toEqual(one.local.requests);
    expect([two.disk, two.head]).toEqual([one.disk, one.head]);
  });

  it('waits out hours of a Hub that is down', async () => {
    const { approvals, helped, waitedMs } = await publish(kind, 1, (nth) => (nth < 200 ? { kind: 'status', status: 503 } : undefined));
    expect({ approvals, helped }).toEqual({ approvals: 1, helped: 0 });
    expect(waitedMs).toBeGreaterThan(HOUR);
  });
});
