import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { swp, type SwpOptions } from '../support/swp.js';
import { Workshop } from '../support/workshop.js';

let workshop: Workshop;
beforeAll(async () => {
  workshop = await Workshop.open('watch');
});
beforeEach(() => workshop.renew());
afterAll(() => workshop.close());

const run = (argv: readonly string[], options: Partial<SwpOptions> = {}) =>
  swp(argv, { cwd: workshop.directory, env: workshop.clientEnv(), ...options });
const entry = (): string => workshop.entry().name;

/** Decides once the watcher has told that a decision is waited for. */
const deciding = (decide: () => Promise<unknown>): { onErr: (err: string) => void; decided: () => Promise<unknown> } => {
  let decision: Promise<unknown> | undefined;
  return {
    onErr: (err) => {
      if (err.includes('awaiting-approval')) decision ??= decide();
    },
    decided: async () => decision,
  };
};

describe('the addresses of what a publish is about', () => {
  it('are told when it starts, when it is approved, while it runs and when it has ended', async () => {
    const env = { ...workshop.clientEnv(), SWP_TEMPORAL_UI: 'http://ui.test' };
    const page = `http://ui.test/namespaces/default/workflows/${encodeURIComponent(`publish/${entry()}`)}`;
    await workshop.writeCatalog([workshop.entry()]);
    expect((await run(['start', entry()], { env })).err).toContain(`See it: ${page}\n`);
    const { digest, run: runId } = { ...(await workshop.planOf()), run: (await workshop.handle().describe()).runId };
    expect((await run(['approve', entry(), '--plan', digest], { env })).err).toContain(`See it: ${page}\n`);
    const { out } = await run(['status', entry(), '--watch'], { env });
    const [, commit] = /  commit {4}([0-9a-f]{40})\n/.exec(out)!;
    const ofCommit = `${workshop.hub.url}/${workshop.target}/commit/${commit}`;
    for (const [command, seen] of [
      ['status', page],
      ['history', `${page}/${runId}`],
    ] as const) {
      const told = (await run([command, entry()], { env })).out;
      expect(told).toContain(`  see       ${seen}\n`);
      expect(told).toContain(ofCommit);
    }
    expect((await run(['verify', entry()], { env })).out).toContain(`  see       ${ofCommit}\n`);
    // What is told leads somewhere.
    expect((await fetch(ofCommit)).status).toBe(200);
  });
});

describe('swp status --watch', () => {
  it('without a terminal tells a line for each stage, and ends with the publish', async () => {
    await workshop.start();
    const { digest } = await workshop.planOf();
    const { onErr, decided } = deciding(() => workshop.approve());
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

  it('on a terminal paints over what it showed, and leaves nothing of it', async () => {
    await workshop.start();
    const { onErr, decided } = deciding(() => workshop.approve());
    const { code, out, err } = await run(['status', entry(), '--watch'], { onErr, terminal: true });
    await decided();
    expect(code).toBe(0);
    expect(out).toContain(`${entry()}: published`);
    expect(err).toMatch(/\u001b\[\d+A\u001b\[J$/);
  });

  it('on a terminal leaves what it showed last when the person stops watching', async () => {
    await workshop.start();
    const controller = new AbortController();
    const { onErr } = deciding(async () => controller.abort());
    const { code, err } = await run(['status', entry(), '--watch'], { onErr, signal: controller.signal, terminal: true });
    expect(code).toBe(130);
    const shown = err.slice(err.lastIndexOf('\u001b[?7l'));
    expect(shown).toMatch(/awaiting-approval[\s\S]*\n\u001b\[\?7h\nNo longer watching; the publish goes on/);
    expect(shown).not.toContain('\u001b[J');
  });

  it('ends 10 when the plan is rejected', async () => {
    await workshop.start();
    const reject = async () => run(['reject', entry(), '--plan', (await workshop.planOf()).digest]);
    const { onErr, decided } = deciding(reject);
    expect((await run(['status', entry(), '--watch'], { onErr })).code).toBe(10);
    await decided();
  });

  it('ends 130 on Ctrl-C, and leaves the publish as it is', async () => {
    await workshop.start();
    const controller = new AbortController();
    const { onErr } = deciding(async () => controller.abort());
    const { code, out, err } = await run(['status', entry(), '--watch'], { onErr, signal: controller.signal });
    expect([code, out]).toEqual([130, '']);
    expect(err).toContain(`No longer watching; the publish goes on: swp status ${entry()}`);
    expect((await workshop.handle().describe()).status.name).toBe('RUNNING');
    await workshop.approve();
    expect(await workshop.result()).toMatchObject({ outcome: 'published' });
  });
});

/** The Hub refuses every commit, so that the publish pauses. */
const forbidCommits = () =>
  workshop.hub.on(({ operation }) => (operation === 'commit' ? { kind: 'status', status: 403, body: '{"error":"Forbidden"}' } : undefined));

describe('a publish that pauses while it is watched', () => {
  it('ends the watching where there is no terminal, with the exit code of its problem, and goes on afterwards', async () => {
    const stop = forbidCommits();
    await workshop.start();
    const { onErr, decided } = deciding(() => workshop.approve());
    const { code, out } = await run(['status', entry(), '--watch'], { onErr });
    await decided();
    expect(code).toBe(6);
    expect(out).toMatch(/paused at committing \(hub\/forbidden\): [\s\S]*swp retry/);
    expect((await run(['status', entry()])).code).toBe(6);
    stop();
    expect((await run(['retry', entry()])).code).toBe(0);
    expect((await run(['status', entry(), '--watch'])).code).toBe(0);
  });

  it('ends a start that watches, too', async () => {
    forbidCommits();
    await workshop.writeCatalog([workshop.entry()]);
    const { onErr, decided } = deciding(() => workshop.approve());
    const { code, out } = await run(['start', entry(), '--watch'], { onErr });
    await decided();
    expect([code, out]).toEqual([6, expect.stringContaining('hub/forbidden')]);
  });

  it('ends the watching on a terminal where that is asked for', async () => {
    forbidCommits();
    await workshop.start();
    const { onErr, decided } = deciding(() => workshop.approve());
    const { code, out } = await run(['status', entry(), '--until-attention'], { onErr, terminal: true });
    await decided();
    expect([code, out]).toEqual([6, expect.stringContaining('hub/forbidden')]);
  });
});
