import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { swp, type SwpOptions } from '../support/swp.js';
import { TestEnvironment } from '../support/test-environment.js';
import { deciding } from './deciding.js';

let testEnvironment: TestEnvironment;
beforeAll(async () => {
  testEnvironment = await TestEnvironment.open('watch');
});
beforeEach(() => testEnvironment.renew());
afterAll(() => testEnvironment.close());

const run = (argv: readonly string[], options: Partial<SwpOptions> = {}) =>
  swp(argv, { cwd: testEnvironment.directory, env: testEnvironment.clientEnv(), ...options });
const entry = (): string => testEnvironment.entry().name;

describe('the addresses of a publish', () => {
  it('are shown by start, approve, status, history and verify', async () => {
    const env = { ...testEnvironment.clientEnv(), SWP_TEMPORAL_UI: 'http://ui.test' };
    const page = `http://ui.test/namespaces/default/workflows/${encodeURIComponent(`publish/${entry()}`)}`;
    await testEnvironment.writeCatalog([testEnvironment.entry()]);
    expect((await run(['start', entry()], { env })).err).toContain(`See it: ${page}\n`);
    expect((await run(['start', entry(), '--as', 'grace'], { env })).err).toMatch(
      /^A publish of \S+ already runs \(started 20\S+Z\)\. Showing it/,
    );
    const { digest, run: runId } = { ...(await testEnvironment.planOf()), run: (await testEnvironment.handle().describe()).runId };
    expect((await run(['approve', entry(), '--plan', digest], { env })).err).toContain(`See it: ${page}\n`);
    const { out } = await run(['status', entry(), '--watch'], { env });
    const [, commit] = /  commit {4}([0-9a-f]{40})\n/.exec(out)!;
    const commitPage = `${testEnvironment.hub.url}/${testEnvironment.target}/commit/${commit}`;
    for (const [command, seen] of [
      ['status', page],
      ['history', `${page}/${runId}`],
    ] as const) {
      const output = (await run([command, entry()], { env })).out;
      expect(output).toContain(`  see       ${seen}\n`);
      expect(output).toContain(commitPage);
    }
    expect((await run(['verify', entry()], { env })).out).toContain(`  see       ${commitPage}\n`);
    // The shown address exists.
    expect((await fetch(commitPage)).status).toBe(200);
  });
});

describe('swp status --watch', () => {
  it('prints one line per stage without a terminal, and ends with the publish', async () => {
    await testEnvironment.start();
    const { digest } = await testEnvironment.planOf();
    // The notification about the plan is a step too, for a moment.
    await expect.poll(async () => (await testEnvironment.handle().describe()).raw.pendingActivities).toEqual([]);
    const { onErr, decided } = deciding(() => testEnvironment.approve());
    const { code, out, err } = await run(['status', entry(), '--watch'], { onErr });
    await decided();
    expect(code).toBe(0);
    expect(out).toContain(`${entry()}: published`);
    expect(out).toMatch(/verified {2}5 files as listed at the commit, \d.* of \d.* read back \(5 files whole\)/);
    const lines = err.trimEnd().split('\n');
    expect(lines.find((line) => line.includes('awaiting-approval'))).toBe(
      `${entry()}: awaiting-approval; swp approve ${entry()} --plan ${digest}`,
    );
    expect(new Set(lines).size).toBe(lines.length);
    expect(err).not.toContain('\u001b');
  });
});
