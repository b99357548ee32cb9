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

describe('swp status --watch', () => {
  it('erases its lines on a terminal when the publish ends', async () => {
    await testEnvironment.start();
    const { onErr, decided } = deciding(() => testEnvironment.approve());
    const { code, out, err } = await run(['status', entry(), '--watch'], { onErr, terminal: true });
    await decided();
    expect(code).toBe(0);
    expect(out).toContain(`${entry()}: published`);
    expect(err).toMatch(/\u001b\[\d+A\u001b\[J$/);
  });

  it('keeps its last lines on a terminal when the watching is interrupted', async () => {
    await testEnvironment.start();
    const controller = new AbortController();
    const { onErr } = deciding(async () => controller.abort());
    const { code, err } = await run(['status', entry(), '--watch'], { onErr, signal: controller.signal, terminal: true });
    expect(code).toBe(130);
    const shown = err.slice(err.lastIndexOf('\u001b[?7l'));
    expect(shown).toMatch(/awaiting-approval[\s\S]*\n\u001b\[\?7h\nStopped watching. The publish continues/);
    expect(shown).not.toContain('\u001b[J');
  });

  it('exits 10 when the plan is rejected', async () => {
    await testEnvironment.start();
    const reject = async () => run(['reject', entry(), '--plan', (await testEnvironment.planOf()).digest]);
    const { onErr, decided } = deciding(reject);
    expect((await run(['status', entry(), '--watch'], { onErr })).code).toBe(10);
    await decided();
  });

  it('exits 130 on Ctrl-C, and leaves the publish running', async () => {
    await testEnvironment.start();
    const controller = new AbortController();
    const { onErr } = deciding(async () => controller.abort());
    const { code, out, err } = await run(['status', entry(), '--watch'], { onErr, signal: controller.signal });
    expect([code, out]).toEqual([130, '']);
    expect(err).toContain(`Stopped watching. The publish continues: swp status ${entry()}`);
    expect((await testEnvironment.handle().describe()).status.name).toBe('RUNNING');
    await testEnvironment.approve();
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
  });
});

/** The Hub refuses every commit, so that the publish pauses. */
const forbidCommits = () =>
  testEnvironment.hub.on(({ operation }) =>
    operation === 'commit' ? { kind: 'status', status: 403, body: '{"error":"Forbidden"}' } : undefined,
  );

describe('a publish that pauses while it is watched', () => {
  it('ends the watching without a terminal with the exit code of its problem, and can be retried', async () => {
    const stop = forbidCommits();
    await testEnvironment.start();
    const { onErr, decided } = deciding(() => testEnvironment.approve());
    const { code, out } = await run(['status', entry(), '--watch'], { onErr });
    await decided();
    expect(code).toBe(6);
    expect(out).toMatch(/paused at committing \(hub\/forbidden\): [\s\S]*swp retry/);
    expect((await run(['status', entry()])).code).toBe(6);
    stop();
    expect((await run(['retry', entry()])).code).toBe(0);
    expect((await run(['status', entry(), '--watch'])).code).toBe(0);
  });

  it('ends swp start --watch', async () => {
    forbidCommits();
    await testEnvironment.writeCatalog([testEnvironment.entry()]);
    const { onErr, decided } = deciding(() => testEnvironment.approve());
    const { code, out } = await run(['start', entry(), '--watch'], { onErr });
    await decided();
    expect([code, out]).toEqual([6, expect.stringContaining('hub/forbidden')]);
  });

  it('ends the watching on a terminal with --until-attention', async () => {
    forbidCommits();
    await testEnvironment.start();
    const { onErr, decided } = deciding(() => testEnvironment.approve());
    const { code, out } = await run(['status', entry(), '--until-attention'], { onErr, terminal: true });
    await decided();
    expect([code, out]).toEqual([6, expect.stringContaining('hub/forbidden')]);
  });
});
