import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shortDigest } from '../../plan/decision.js';
import { MEMO_KEY } from '../../contract/memo.js';
import { publishId } from '../../contract/names.js';
import { swp } from '../support/swp.js';
import { TestEnvironment } from '../support/test-environment.js';

let testEnvironment: TestEnvironment;
beforeAll(async () => (testEnvironment = await TestEnvironment.open('history')));
afterAll(() => testEnvironment.close());

/** Replaces the parts that differ from run to run. */
const clean = (text: string): string =>
  text
    .replaceAll(testEnvironment.hub.url, '<hub>')
    .replaceAll(testEnvironment.queue, '<name>')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, '<time>')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<run>')
    .replaceAll(/sha256:[0-9a-f]{64}/g, 'sha256:<digest>')
    .replaceAll(/\b[0-9a-f]{40}\b/g, '<commit>')
    .replaceAll(/\b[0-9a-f]{32}\b/g, '<digest>')
    .replaceAll(/after (?:\d+ min )?\d+ s/g, 'after <some time>');

const run = (...argv: string[]) => swp(argv, { cwd: testEnvironment.directory, env: testEnvironment.clientEnv() });
const entry = (): string => testEnvironment.entry().name;

describe('swp history', () => {
  it('reports an entry that was never published', async () => {
    const { code, err } = await run('history', entry());
    expect([code, err]).toEqual([1, expect.stringContaining(`No publish of ${entry()} is known`)]);
  });

  it('lists each publish with its outcome, decisions and commits', async () => {
    await testEnvironment.start();
    const rejected = await testEnvironment.planOf();
    await testEnvironment
      .handle()
      .signal('review', { plan: rejected.digest, verdict: 'reject', reviewer: 'bob', identity: 'os', note: 'wrong name' });
    await testEnvironment.result();
    await testEnvironment.start();
    const { digest } = await testEnvironment.planOf();
    await run('approve', entry(), '--plan', digest, '--note', 'fine');
    const result = await testEnvironment.result();
    await testEnvironment.start();
    await testEnvironment.until('unchanged');
    const first = result.artifacts[0]!.result;
    const commit = first.outcome === 'published' ? first.receipt.commit : '';
    const { code, out, err } = await run('history', entry());
    await expect(clean(`exit ${code}\n--- stdout\n${out}--- stderr\n${err}`)).toMatchFileSnapshot('goldens/history.txt');
    const runs = out.split('\n\n');
    expect(runs.map((text) => /^\S+ {2}(\w+) after/.exec(text)?.[1])).toEqual(['unchanged', 'published', 'rejected']);
    expect(runs[1]).toContain(`  plan      ${shortDigest(digest)}, round 1\n  round 1   approved by reader (Hub account): fine (`);
    expect(runs[1]).toContain(`  mtp       ${testEnvironment.target}: published, commit ${commit}`);
    expect(runs[2]).toContain('  round 1   rejected by bob (login): wrong name (');
  });

  it('lists publishes as JSON, newest first, up to --limit', async () => {
    const { code, out, err } = await run('history', entry(), '--limit', '2', '--json');
    await expect(clean(`exit ${code}\n--- stdout\n${out}--- stderr\n${err}`)).toMatchFileSnapshot('goldens/history-json.txt');
    expect(JSON.parse(out)).toMatchObject([
      { outcome: 'unchanged', decisions: [], artifacts: [{ kind: 'mtp', outcome: 'unchanged', commit: null }] },
      {
        outcome: 'published',
        decisions: [{ verdict: 'approve', reviewer: 'reader', identity: 'hub', note: 'fine' }],
        artifacts: [{ kind: 'mtp', target: testEnvironment.target, outcome: 'published', commit: expect.stringMatching(/^[0-9a-f]{40}$/) }],
      },
    ]);
    expect(err).toContain('--limit');
  });

  it('lists a running publish and a terminated one', async () => {
    const other = testEnvironment.entry({ mtp_sidecar_repo: `${testEnvironment.target}-2` }, `${testEnvironment.queue}-2`);
    await testEnvironment.start(other);
    await testEnvironment.planOf(1, other);
    expect((await run('history', other.name)).out).toMatch(
      /^\S+ {2}awaiting-approval\n {2}plan +[0-9a-f]{32}, round 1\n {2}mtp +\S+: not started\n$/,
    );
    await testEnvironment.temporal.client.workflow.getHandle(publishId(other.name)).terminate();
    expect((await run('history', other.name)).out).toMatch(/^\S+ {2}terminated after /);
  });

  it('reports a state that a worker of another version wrote', async () => {
    const name = `${entry()}-newer`;
    const memo = { [MEMO_KEY]: { since: 'yesterday' } };
    const started = { workflowId: publishId(name), taskQueue: 'nobody', memo };
    const handle = await testEnvironment.temporal.client.workflow.start('publishEntry', started);
    const { code, err } = await run('history', name);
    await handle.terminate();
    expect([code, err]).toEqual([1, expect.stringContaining('was written by a worker of another version of SWP.\nRun the same version')]);
  });

  it('refuses a name that would inject into the query', async () => {
    const { code, err } = await run('history', "a/b' OR 'x' = 'x");
    expect([code, err]).toEqual([2, expect.stringContaining('is not an entry name: it must be source/key')]);
  });
});
