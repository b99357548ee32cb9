import { beforeAll, describe, expect, it } from 'vitest';
import { workflowCode } from '../../support/workflow-code.js';
import { stormSeconds, trySeeds } from '../seeds.js';
import { orderOf, type Order } from './order.js';
import { runOrder, type Played } from './run-order.js';
import { loadWorkflows } from './workflow-run.js';

const SECONDS = stormSeconds({ quick: 5, slice: 3, all: 200 });

describe('a publish whose steps, people and writers come in any order', () => {
  let workflows: ReturnType<typeof loadWorkflows>;
  beforeAll(async () => {
    workflows = loadWorkflows(await workflowCode());
  });
  const run = (order: Order): Promise<Played> => runOrder(workflows, order);
  const outcomesOf = ({ runs }: Played) => runs.map(({ type, end }) => [type, end?.status]);

  it('publishes if nothing goes wrong', async () => {
    const { runs } = await run({ ...orderOf(1), faults: [], acts: [] });
    expect(runs.map(({ type, end }) => [type, end])).toMatchObject([
      ['publishEntry', { status: 'completed', result: { outcome: 'published' } }],
      ['publishArtifact', { status: 'completed', result: { outcome: 'published' } }],
    ]);
  });

  it('is the same for the same seed', async () => {
    const [one, two] = [await run(orderOf(9)), await run(orderOf(9))];
    expect(two.steps).toEqual(one.steps);
    expect(outcomesOf(two)).toEqual(outcomesOf(one));
  });

  it(
    'keeps every promise',
    async () => {
      await trySeeds({ name: 'orders of a publish', scheduleOf: orderOf, run, lists: ['faults', 'acts'] }, SECONDS, () => undefined);
    },
    (SECONDS + 60) * 1000,
  );
});
