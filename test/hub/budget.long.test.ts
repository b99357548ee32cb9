import { expect, it } from 'vitest';
import { THIS_MACHINE } from '../../core/this-machine.js';
import { RateBudget } from '../../hub/budget.js';
import { withBudget } from '../../hub/hub.js';
import { readRepoInfo } from '../../hub/read/repo.js';
import { startTestHub, REPO, signal, type TestHub } from './support.js';

it('sends more requests than a window allows without a 429', async () => {
  const test: TestHub = await startTestHub({ rateLimit: { api: 20, resolvers: 20, windowSeconds: 1 } });
  await test.hub.admin.createRepo(REPO);
  const hub = withBudget(test.client, new RateBudget(THIS_MACHINE.clock));
  for (let at = 0; at < 25; at += 1) await readRepoInfo(hub, REPO, undefined, { signal });
  expect(test.hub.requests.filter(({ status }) => status === 429)).toEqual([]);
  await test.close();
});
