import { writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { readWorkflow, runJob, type JobOptions, type JobRun } from '../support/github-workflow.js';
import { swp } from '../support/swp.js';
import { TestEnvironment } from '../support/test-environment.js';

const INPUTS = { only: 'all', review_artifacts: 'false', wait: '0' };
let testEnvironment: TestEnvironment;
let checkout: string;
beforeEach(async () => {
  testEnvironment = await TestEnvironment.open('github');
  checkout = join(testEnvironment.directory, 'checkout');
  await mkdir(checkout);
  await writeFile(join(checkout, 'skulk-weights.yaml'), stringify({ sources: [{ name: 'test', path: 'catalog.yaml' }] }));
  await writeFile(join(checkout, 'catalog.yaml'), stringify({ models: [testEnvironment.entry().entry] }));
});
afterEach(() => testEnvironment.close());

const entry = (): string => testEnvironment.entry().name;
const publish = async (inputs: Record<string, string> = {}, options: Partial<JobOptions> = {}): Promise<JobRun> =>
  runJob((await readWorkflow('publish.yml')).workflow, {
    cwd: checkout,
    directory: testEnvironment.directory,
    env: testEnvironment.clientEnv(),
    inputs: { ...INPUTS, entry: entry(), ...inputs },
    ...options,
  });
const status = async (): Promise<string> => (await testEnvironment.handle().describe()).status.name;
/** Calls `act` once, as soon as a step follows a plan that awaits approval. */
const whenFollowed = (act: () => unknown): ((text: string) => void) => {
  let called = false;
  return (text) => {
    if (called || !text.includes('awaiting-approval; swp approve')) return;
    called = true;
    act();
  };
};

describe('a run of publish.yml', () => {
  it('succeeds while the plan awaits approval, and shows the plan with its approval command', async () => {
    const { code, summary } = await publish();
    const { digest, startedBy } = await testEnvironment.planOf();
    expect([code, startedBy]).toEqual([0, 'octo-ada']);
    expect(summary).toContain(`## Plan of ${entry()}\n\nRound 1. Digest: \`${digest}\``);
    expect(summary).toContain(`Approve exactly this plan: \`swp approve ${entry()} --plan ${digest}\``);
    expect(await status()).toBe('RUNNING');
  });

  it('follows a publish until it is published', async () => {
    const onErr = whenFollowed(() => testEnvironment.approve());
    const { code, summary } = await publish({ wait: '5' }, { onErr });
    expect(code).toBe(0);
    expect(summary).toMatch(/## Status\n\n {4}test\/\S+: published/);
  });

  it('fails when the plan is rejected meanwhile', async () => {
    const reject = async () =>
      swp(['reject', entry(), '--plan', (await testEnvironment.planOf()).digest], {
        cwd: testEnvironment.directory,
        env: testEnvironment.clientEnv(),
      });
    const { code, summary } = await publish({ wait: '5' }, { onErr: whenFollowed(reject) });
    expect(code).toBe(10);
    expect(summary).toContain('rejected');
  });

  it('stops following when its time is up, and leaves the publish running', async () => {
    const followed = join(testEnvironment.directory, 'followed');
    const { code, summary, err } = await publish(
      { wait: '1' },
      {
        // A minute that ends as soon as the publish is followed.
        programs: { sleep: `[ -e "${followed}" ] || exec /bin/sleep 1` },
        onErr: whenFollowed(() => writeFileSync(followed, '')),
      },
    );
    expect(code).toBe(0);
    expect(err).toContain('Stopped watching. The publish continues');
    expect(summary).toMatch(/## Status\n\n {4}test\/\S+: awaiting-approval/);
    expect(await status()).toBe('RUNNING');
  });

  it('leaves the publish running when it is interrupted', async () => {
    const controller = new AbortController();
    const { code } = await publish({ wait: '5' }, { signal: controller.signal, onErr: whenFollowed(() => controller.abort()) });
    expect(code).not.toBe(0);
    expect(await status()).toBe('RUNNING');
    await testEnvironment.approve();
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
  });

  it('passes its inputs on to the publish', async () => {
    await publish({ only: 'mtp', review_artifacts: 'true' });
    await testEnvironment.approve();
    await testEnvironment.untilTarget('awaiting-release');
  });

  it('fails when the plan is blocked, and shows the finding', async () => {
    await testEnvironment.putSource({ withMtp: false }, testEnvironment.source);
    const { code, summary } = await publish();
    expect(code).toBe(1);
    expect(summary).toContain('✗ blocked');
  });

  it('succeeds when there is nothing to do', async () => {
    await testEnvironment.start();
    await testEnvironment.approve();
    await testEnvironment.result();
    const { code, summary } = await publish({ wait: '5' });
    expect(code).toBe(0);
    expect(summary).toContain('**unchanged**: nothing to do');
    expect(summary).toMatch(/## Status\n\n {4}test\/\S+: unchanged/);
  });
});

it('swp plan --markdown shows the decision on the plan', async () => {
  await testEnvironment.start();
  await testEnvironment.approve();
  await testEnvironment.result();
  const { code, out } = await swp(['plan', entry(), '--markdown'], { cwd: testEnvironment.directory, env: testEnvironment.clientEnv() });
  expect(code).toBe(0);
  expect(out).toMatch(/^## Plan of test\//);
  expect(out).toMatch(/\n\napproved by ada \(20.*Z\)\n$/);
});
