import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { targetId } from '../../contract/names.js';
import { swp } from '../support/swp.js';
import { TestEnvironment } from '../support/test-environment.js';

let testEnvironment: TestEnvironment;
beforeAll(async () => (testEnvironment = await TestEnvironment.open('pending')));
afterAll(() => testEnvironment.close());

const run = (...argv: string[]) => swp(argv, { cwd: testEnvironment.directory, env: testEnvironment.clientEnv() });
const entry = (): string => testEnvironment.entry().name;

/** The lists lag behind: polls until this test has the expected number of rows. The server is shared. */
const rows = async (argv: readonly string[], expected: number): Promise<string[]> => {
  for (;;) {
    const { code, out } = await run(...argv);
    expect(code).toBe(0);
    const mine = out.split('\n').filter((line) => line.startsWith(`${entry()}\t`));
    if (mine.length === expected) return mine;
  }
};

describe('swp pending', () => {
  it('lists a plan that waits for a reviewer, with its time and its commands', async () => {
    await testEnvironment.start();
    const before = Date.now();
    const { digest } = await testEnvironment.planOf();
    const [row] = await rows(['pending'], 1);
    const [, who, what, since, commands] = row!.split('\t');
    expect([who, what]).toEqual(['a reviewer', 'a plan']);
    expect(commands).toBe(`swp approve ${entry()} --plan ${digest}`);
    const listed = JSON.parse((await run('pending', '--json')).out) as { entry: string; commands: string[] }[];
    expect(listed.find((item) => item.entry === entry())?.commands).toEqual([
      `swp approve ${entry()} --plan ${digest}`,
      `swp reject ${entry()} --plan ${digest}`,
    ]);
    expect(Math.abs(Date.parse(since!) - before)).toBeLessThan(20_000);
    const { out } = await run('status', entry());
    expect(out).toContain(`  since     ${since}\n`);
    const { publish } = JSON.parse((await run('status', entry(), '--json')).out) as { publish: { since: string; startedAt: string } };
    expect(Date.parse(publish.since)).toBeGreaterThan(Date.parse(publish.startedAt));
  });

  it('lists a paused target with its entry and its commands', async () => {
    const stop = testEnvironment.hub.on(({ operation }) =>
      operation === 'commit' ? { kind: 'status', status: 403, body: JSON.stringify({ error: 'Forbidden' }) } : undefined,
    );
    await testEnvironment.approve();
    await testEnvironment.untilTarget('needs-attention');
    stop();
    const found = await run('pending', '--json');
    const mine = (JSON.parse(found.out) as { entry: string }[]).filter((item) => item.entry === entry());
    expect(mine).toMatchObject([
      {
        workflow: targetId(testEnvironment.target),
        stage: 'needs-attention',
        waitsFor: 'an operator',
        since: expect.stringMatching(/^20/),
        commands: [`swp retry ${entry()}`, `swp abandon ${entry()}`],
      },
    ]);
    expect((await run('status', entry())).code).toBe(6);
  });

  it('does not list a target after swp retry', async () => {
    expect((await run('retry', entry())).code).toBe(0);
    await testEnvironment.result();
    expect(await rows(['pending'], 0)).toEqual([]);
  });
});

describe('a publish that has ended', () => {
  it.each([['retry'], ['abandon', '--yes'], ['cancel', '--yes']])('is refused by swp %s', async (action, ...flags) => {
    const { code, err } = await run(action, entry(), ...flags);
    expect([code, err]).toEqual([1, expect.stringContaining(`The publish of ${entry()} has ended already: published.`)]);
  });
});

describe('swp status without an entry', () => {
  it('lists only running publishes', async () => {
    expect(await rows(['status'], 0)).toEqual([]);
    const other = testEnvironment.entry({ mtp_sidecar_repo: `${testEnvironment.target}-2` }, `${testEnvironment.queue}-2`);
    await testEnvironment.start(other);
    await testEnvironment.planOf(1, other);
    const { out } = await run('status');
    expect(out).toMatch(new RegExp(`^${other.name}\\tawaiting-approval\\tpublish/${other.name}\\t20\\S+Z$`, 'm'));
    const refused = await run('retry', other.name);
    expect([refused.code, refused.err]).toEqual([
      1,
      expect.stringMatching(/Nothing of .* is paused: it is awaiting-approval\.\nRead its plan and decide: `swp plan /),
    ]);
  });
});
