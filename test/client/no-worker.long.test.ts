import { afterAll, beforeAll, expect, it } from 'vitest';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { publishId } from '../../contract/names.js';
import { SwpEntry, SwpStage } from '../../contract/search-attributes.js';
import { swp } from '../support/swp.js';
import { TestEnvironment } from '../support/test-environment.js';

let testEnvironment: TestEnvironment;
beforeAll(async () => {
  testEnvironment = await TestEnvironment.open('nobody', { workers: false });
  await mkdir(testEnvironment.directory, { recursive: true });
  await writeFile(join(testEnvironment.directory, 'skulk-weights.yaml'), 'sources:\n  - name: test\n    path: mine.yaml\n');
  await writeFile(
    join(testEnvironment.directory, 'mine.yaml'),
    `models:\n  - key: ${testEnvironment.queue}\n    tier: smoke\n    mtp_source_repo: ${testEnvironment.source}\n    mtp_sidecar_repo: ${testEnvironment.target}\n`,
  );
});
afterAll(() => testEnvironment.close());

const run = (...argv: string[]) => swp(argv, { cwd: testEnvironment.directory, env: testEnvironment.clientEnv() });
const name = (key = ''): string => `test/${testEnvironment.queue}${key}`;

/** Starts a publish at a stage, without any worker. */
const startAt = async (stage: string, key: string): Promise<string> => {
  await testEnvironment.temporal.client.workflow.start('publishEntry', {
    workflowId: publishId(name(key)),
    taskQueue: testEnvironment.queue,
    args: [],
    typedSearchAttributes: [
      { key: SwpEntry, value: name(key) },
      { key: SwpStage, value: stage },
    ],
  });
  return name(key);
};

const expectNoWorker = ({ code, err }: { code: number; err: string }) => {
  expect([code, err]).toEqual([
    5,
    expect.stringMatching(
      /No control worker polls queue nobody-\w+\.[\s\S]*Start one with `swp worker control` and SWP_TASK_QUEUE=nobody-/,
    ),
  ]);
};

it('swp start says that no worker polls', async () => expectNoWorker(await run('start', name())));
it('swp start --watch says that no worker polls', async () => expectNoWorker(await run('start', name(), '--watch')));
it('swp status --watch says that no worker polls', async () =>
  expectNoWorker(await run('status', await startAt('building', '-a'), '--watch')));
it('swp plan says that no worker polls', async () => expectNoWorker(await run('plan', await startAt('planning', '-b'))));

it('swp status shows the stage, and says that no worker polls', async () => {
  const { code, out } = await run('status', await startAt('planning', '-c'));
  expect(code).toBe(5);
  expect(out).toMatch(/^test\/.*-c: planning\n[\s\S]*No control worker polls queue/);
});

it.each(['retry', 'move', 'abandon'])('swp %s of a paused publish says that no worker polls', async (action) => {
  expectNoWorker(await run(action, await startAt('needs-attention', `-${action}`), ...(action === 'abandon' ? ['--yes'] : [])));
});

it('swp cancel sends its request, and says that no worker polls', async () => {
  const result = await run('cancel', await startAt('planning', '-d'), '--yes');
  expectNoWorker(result);
  expect(result.out).toContain('cancelling');
});

it('swp approve leaves the decision as a signal, and says that it waits', async () => {
  const other = await TestEnvironment.open('leaves');
  try {
    await other.start();
    const { digest } = await other.planOf();
    await other.stopWorkers();
    const { name: entry } = other.entry();
    const { code, out, err } = await swp(['approve', entry, '--plan', digest], { cwd: other.directory, env: other.clientEnv() });
    expect([code, out]).toEqual([5, expect.stringContaining('approved as reader (name from your Hub token')]);
    expect(err).toContain('The decision is stored in the workflow');
    // While the stopped worker still holds a workflow task, the server buffers the signal.
    const signals = async () =>
      (await other.handle().fetchHistory()).events?.filter((event) => event.workflowExecutionSignaledEventAttributes);
    await expect.poll(signals, { timeout: 20_000 }).toHaveLength(1);
  } finally {
    await other.close();
  }
});
