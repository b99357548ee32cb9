import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { swp } from '../support/swp.js';
import { TestEnvironment, type TestEnvironmentOptions } from '../support/test-environment.js';
import { TOKENS } from '../support/tokens.js';

let testEnvironment: TestEnvironment;
afterEach(() => testEnvironment.close());

const open = async (options?: TestEnvironmentOptions): Promise<void> => {
  testEnvironment = await TestEnvironment.open('doctor', options);
  await writeFile(join(testEnvironment.directory, 'skulk-weights.yaml'), 'sources:\n  - name: test\n    path: catalog.yaml\n');
  await writeFile(join(testEnvironment.directory, 'catalog.yaml'), JSON.stringify({ models: [testEnvironment.entry().entry] }));
};
const doctor = async (env: NodeJS.ProcessEnv) => {
  const scratch = join(testEnvironment.directory, 'scratch');
  return swp(['doctor', '--json'], {
    cwd: testEnvironment.directory,
    env: { ...testEnvironment.clientEnv(), HOME: testEnvironment.directory, PATH: testEnvironment.directory, SWP_SCRATCH: scratch, ...env },
  });
};
const findings = async (env: NodeJS.ProcessEnv = {}): Promise<Record<string, { verdict: string; message: string; fix?: string }>> => {
  const { out } = await doctor(env);
  return Object.fromEntries((JSON.parse(out) as { check: string; verdict: string; message: string }[]).map((one) => [one.check, one]));
};

describe('swp doctor', () => {
  it('finds no problem but the missing larql in a complete setup', async () => {
    await open();
    let found: Awaited<ReturnType<typeof findings>> = {};
    const find = async () => (found = await findings({ HF_TOKEN: TOKENS.write, SWP_SOURCE_TOKEN: TOKENS.read, SWP_TARGETS: 'Acme' }));
    // Workers that have just started may not have polled yet.
    await expect.poll(async () => (await find())['workers']?.verdict, { timeout: 30_000 }).toBe('ok');
    const { larql, ...rest } = found;
    expect(larql?.verdict).toBe('warn');
    expect(Object.entries(rest).filter(([, { verdict }]) => verdict !== 'ok')).toEqual([]);
    expect(found).toMatchObject({
      writing: { message: expect.stringContaining('may write to Acme/') },
      workers: { message: 'control and high-memory workers poll' },
      scratch: { message: expect.stringMatching(/free$/) },
      settings: { message: expect.stringContaining('one approval') },
    });
  });

  it('names the missing workers and the commands that start them', async () => {
    await open({ workers: false });
    expect((await findings()).workers).toMatchObject({
      verdict: 'warn',
      message: expect.stringMatching(/No control worker polls .*; No high-memory worker polls /),
      fix: expect.stringMatching(/swp worker control.*\n.*swp worker highmem/),
    });
  });

  it('reports tokens that are unknown or lack permissions', async () => {
    await open({ workers: false });
    expect(await findings({ HF_TOKEN: TOKENS.read, SWP_SOURCE_TOKEN: TOKENS.write })).toMatchObject({
      writing: { verdict: 'warn', message: expect.stringContaining('read-only'), fix: expect.stringContaining('high-memory host') },
      sources: { verdict: 'warn', fix: expect.stringContaining('read-only') },
    });
    const unknown = { HF_TOKEN: 'hf_nobody', SWP_SOURCE_TOKEN: 'hf_nobody' };
    expect((await doctor(unknown)).code).toBe(6);
    expect(await findings(unknown)).toMatchObject({
      hub: { verdict: 'bad', message: `Hub ${testEnvironment.hub.url} (HF_ENDPOINT) does not accept the token` },
      writing: { verdict: 'bad', message: 'the Hub does not accept the token' },
      sources: { verdict: 'bad', fix: expect.stringContaining('unset') },
    });
  });

  it('states the number of approvals that the settings require', async () => {
    await open({ workers: false });
    expect((await findings({ SWP_APPROVALS_SELF: 'deny', SWP_APPROVALS_REQUIRED: '2' })).settings?.message).toContain(
      '2 approvals, not by the person who started',
    );
  });
});
