import { writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { readWorkflow, runJob, type JobOptions, type JobRun } from '../support/github-workflow.js';
import { swp } from '../support/swp.js';
import { Workshop } from '../support/workshop.js';

const INPUTS = { only: 'all', review_artifacts: 'false', wait: '0' };
let workshop: Workshop;
let checkout: string;
beforeEach(async () => {
  workshop = await Workshop.open('github');
  checkout = join(workshop.directory, 'checkout');
  await mkdir(checkout);
  await writeFile(join(checkout, 'skulk-weights.yaml'), stringify({ sources: [{ name: 'test', path: 'catalog.yaml' }] }));
  await writeFile(join(checkout, 'catalog.yaml'), stringify({ models: [workshop.entry().entry] }));
});
afterEach(() => workshop.close());

const entry = (): string => workshop.entry().name;
const publish = async (inputs: Record<string, string> = {}, options: Partial<JobOptions> = {}): Promise<JobRun> =>
  runJob((await readWorkflow('publish.yml')).workflow, {
    cwd: checkout,
    directory: workshop.directory,
    env: workshop.clientEnv(),
    inputs: { ...INPUTS, entry: entry(), ...inputs },
    ...options,
  });
const status = async (): Promise<string> => (await workshop.handle().describe()).status.name;
/** Calls once, as soon as a step says that it follows a plan that waits. */
const whenFollowed = (act: () => unknown): ((text: string) => void) => {
  let called = false;
  return (text) => {
    if (called || !text.includes('awaiting-approval; swp approve')) return;
    called = true;
    act();
  };
};

describe('publish.yml, run', () => {
  it('ends green while the plan awaits its approval, and shows both', async () => {
    const { code, summary } = await publish();
    const { digest, startedBy } = await workshop.planOf();
    expect([code, startedBy]).toEqual([0, 'octo-ada']);
    expect(summary).toContain(`## Plan of ${entry()}\n\nRound 1. Digest: \`${digest}\``);
    expect(summary).toContain(`Approve exactly this plan: \`swp approve ${entry()} --plan ${digest}\``);
    expect(await status()).toBe('RUNNING');
  });

  it('follows a publish to its end, and ends as it ends', async () => {
    const onErr = whenFollowed(() => workshop.approve());
    const { code, summary } = await publish({ wait: '5' }, { onErr });
    expect(code).toBe(0);
    expect(summary).toMatch(/## Where it stands\n\n {4}test\/\S+: published/);
  });

  it('is red when the plan is rejected meanwhile', async () => {
    const reject = async () =>
      swp(['reject', entry(), '--plan', (await workshop.planOf()).digest], { cwd: workshop.directory, env: workshop.clientEnv() });
    const { code, summary } = await publish({ wait: '5' }, { onErr: whenFollowed(reject) });
    expect(code).toBe(10);
    expect(summary).toContain('rejected');
  });

  it('stops following when its time is up, and leaves the publish as it is', async () => {
    const followed = join(workshop.directory, 'followed');
    const { code, summary, err } = await publish(
      { wait: '1' },
      {
        // A minute that is over as soon as the publish is followed.
        programs: { sleep: `[ -e "${followed}" ] || exec /bin/sleep 1` },
        onErr: whenFollowed(() => writeFileSync(followed, '')),
      },
    );
    expect(code).toBe(0);
    expect(err).toContain('No longer watching; the publish goes on');
    expect(summary).toMatch(/## Where it stands\n\n {4}test\/\S+: awaiting-approval/);
    expect(await status()).toBe('RUNNING');
  });

  it('that is interrupted leaves the publish as it is', async () => {
    const controller = new AbortController();
    const { code } = await publish({ wait: '5' }, { signal: controller.signal, onErr: whenFollowed(() => controller.abort()) });
    expect(code).not.toBe(0);
    expect(await status()).toBe('RUNNING');
    await workshop.approve();
    expect(await workshop.result()).toMatchObject({ outcome: 'published' });
  });

  it('passes on what was asked for', async () => {
    await publish({ only: 'mtp', review_artifacts: 'true' });
    await workshop.approve();
    await workshop.untilTarget('awaiting-release');
  });

  it('is red where a plan is blocked, and shows why', async () => {
    await workshop.putSource({ withMtp: false }, workshop.source);
    const { code, summary } = await publish();
    expect(code).toBe(1);
    expect(summary).toContain('✗ blocked');
  });

  it('is green where there is nothing to do', async () => {
    await workshop.start();
    await workshop.approve();
    await workshop.result();
    const { code, summary } = await publish({ wait: '5' });
    expect(code).toBe(0);
    expect(summary).toContain('**unchanged**: nothing to do');
    expect(summary).toMatch(/## Where it stands\n\n {4}test\/\S+: unchanged/);
  });
});

it('swp plan --markdown says how the plan was decided', async () => {
  await workshop.start();
  await workshop.approve();
  await workshop.result();
  const { code, out } = await swp(['plan', entry(), '--markdown'], { cwd: workshop.directory, env: workshop.clientEnv() });
  expect(code).toBe(0);
  expect(out).toMatch(/^## Plan of test\//);
  expect(out).toMatch(/\n\napproved by ada \(20.*Z\)\n$/);
});
