import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RepoId } from '../../core/ids.js';
import { generateVision } from '../../dev/checkpoint/vision.js';
import { targetId } from '../../contract/names.js';
import { swp } from '../support/swp.js';
import { TestEnvironment } from '../support/test-environment.js';

let testEnvironment: TestEnvironment;
beforeAll(async () => {
  testEnvironment = await TestEnvironment.open('resolve');
});
beforeEach(() => testEnvironment.renew());
afterAll(() => testEnvironment.close());

const run = (...argv: string[]) => swp(argv, { cwd: testEnvironment.directory, env: testEnvironment.clientEnv() });

/** Refuses every commit to the target until the returned function is called. */
const forbidCommits = () =>
  testEnvironment.hub.on(({ operation, repo }) =>
    operation === 'commit' && repo?.toLowerCase() === testEnvironment.target.toLowerCase()
      ? { kind: 'status', status: 403, body: JSON.stringify({ error: 'Forbidden' }) }
      : undefined,
  );

describe('a paused target', () => {
  it('is retried while a later round awaits approval for another target', async () => {
    const vision = RepoId.parse(`${testEnvironment.target}-vision`);
    const source = RepoId.parse(`${testEnvironment.source}-vision`);
    await testEnvironment.hub.admin.createRepo(source);
    await testEnvironment.hub.admin.commitFiles(source, generateVision({ seed: 3, hidden: 64 }).files, { message: 'An encoder' });
    const both = testEnvironment.entry({ vision_source_repo: source, vision_sidecar_repo: vision });
    const stop = forbidCommits();
    await testEnvironment.start(both);
    await testEnvironment.planOf();
    await testEnvironment.hub.admin.createRepo(vision);
    await testEnvironment.hub.admin.commitFiles(vision, new Map([['notes.txt', Buffer.from('not ours')]]), { message: 'Somebody else' });
    await testEnvironment.approve();
    await testEnvironment.untilTarget('needs-attention');
    await testEnvironment.planOf(2);
    const { out } = await run('status', both.name);
    expect(out).toMatch(/is paused at committing \(hub\/forbidden\): [\s\S]*then: swp retry/);
    stop();
    const { code, out: answered } = await run('retry', both.name);
    expect([code, answered]).toEqual([0, `${targetId(testEnvironment.target)}: retry at committing\n`]);
    await testEnvironment.approve(2);
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published', rounds: 2 });
  });

  it('is not resolved through another entry with the same target', async () => {
    const other = testEnvironment.entry({}, `${testEnvironment.queue}-other`);
    const stop = forbidCommits();
    await testEnvironment.start();
    await testEnvironment.approve();
    await testEnvironment.untilTarget('needs-attention');
    await testEnvironment.start(other);
    await testEnvironment.approve(1, other);
    for (
      let waits = false;
      !waits;
      waits = (await run('status', other.name)).out.includes(`waits for ${targetId(testEnvironment.target)}`)
    );
    const { code, err } = await run('abandon', other.name, '--yes');
    expect([code, err]).toEqual([1, expect.stringContaining(`Nothing of ${other.name} is paused: it is building.`)]);
    stop();
    expect((await run('abandon', testEnvironment.entry().name, '--note', 'enough', '--yes')).code).toBe(0);
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'abandoned' });
    expect(await testEnvironment.result(other)).toMatchObject({ outcome: 'published' });
  });
});

describe('swp move', () => {
  it('refuses a step that runs on no host, and names the alternatives', async () => {
    const stop = testEnvironment.hub.on(({ operation }) =>
      operation === 'validate-yaml' ? { kind: 'status', status: 400, body: JSON.stringify({ errors: [{ message: 'no' }] }) } : undefined,
    );
    await testEnvironment.start();
    await testEnvironment.until('needs-attention');
    stop();
    const { code, err } = await run('move', testEnvironment.entry().name);
    expect([code, err]).toEqual([
      1,
      expect.stringContaining('This step does not run on a high-memory host, so it cannot move. Send retry or abandon.'),
    ]);
  });
});

describe('swp cancel', () => {
  it('ends a publish that awaits approval, and the history shows it', async () => {
    await testEnvironment.start();
    await testEnvironment.planOf();
    const { name } = testEnvironment.entry();
    expect((await run('cancel', name, '--yes')).code).toBe(0);
    await expect(testEnvironment.result()).rejects.toThrow();
    const { code, err } = await run('status', name);
    expect([code, err]).toEqual([1, expect.stringContaining('The publish was cancelled. It left no commit in any target.')]);
    expect((await run('history', name)).out).toMatch(/^\S+ {2}abandoned after /);
  });
});
