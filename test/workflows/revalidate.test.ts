import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EntrySnapshot } from '../../catalog/snapshot.js';
import { readRunning } from '../../temporal/running.js';
import { RepoId } from '../../core/ids.js';
import { CARD_PATH } from '../../plan/card.js';
import { publishId } from '../../contract/names.js';
import type { revalidate } from '../../workflows/revalidate.js';
import { SwpFindings } from '../../contract/search-attributes.js';
import type { Stage } from '../../contract/stages.js';
import type { RevalidateInput, RevalidateResult } from '../../contract/results.js';
import { keepHistory } from '../support/keep-history.js';
import { publishHere } from '../support/publish-here.js';
import { TestEnvironment } from '../support/test-environment.js';
import { TOKENS } from '../support/tokens.js';

const PAYLOAD = 'mtp.safetensors';

let testEnvironment: TestEnvironment;
beforeAll(async () => {
  testEnvironment = await TestEnvironment.open('revalidate', { publishers: ['writer'] });
});
afterAll(() => testEnvironment.close());

let runs = 0;
const run = async (input: RevalidateInput = { which: 'nightly' }): Promise<RevalidateResult> => {
  runs += 1;
  const workflowId = `revalidate/${testEnvironment.queue}-${runs}`;
  const options = { workflowId, taskQueue: testEnvironment.queue, args: [input] as [RevalidateInput] };
  return testEnvironment.temporal.client.workflow.execute<typeof revalidate>('revalidate', options);
};

/** Saves the history of the newest run as a replay fixture. */
const keep = (which: string) =>
  keepHistory(testEnvironment.temporal.client, `revalidate/${testEnvironment.queue}-${runs}`, `${which}.revalidate`);

const codesOf = ({ findings }: RevalidateResult): string[] =>
  findings.rows.map(({ code, path }) => (path === null ? code : `${code} ${path}`)).toSorted();

interface PublishedSidecar {
  readonly source: RepoId;
  readonly target: RepoId;
  readonly entry: EntrySnapshot;
}

let sidecars = 0;
/** Creates a source with a published sidecar, and a catalog with only its entry. */
const publishSidecar = async (over: Record<string, unknown> = {}): Promise<PublishedSidecar> => {
  sidecars += 1;
  const key = `${testEnvironment.queue}-${sidecars}`;
  const [source, target] = [RepoId.parse(`labs/${key}`), RepoId.parse(`Acme/${key}-mtp`)];
  await testEnvironment.putSource({}, source);
  const entry = testEnvironment.entry({ mtp_source_repo: source, mtp_sidecar_repo: target, ...over }, key);
  await testEnvironment.writeCatalog([entry]);
  await publishHere(entry, { hub: testEnvironment.hub, token: TOKENS.write, directory: testEnvironment.directory });
  return { source, target, entry };
};

const put = (repo: string, path: string, bytes: Uint8Array) =>
  testEnvironment.hub.admin.commitFiles(repo, new Map([[path, bytes]]), { message: 'x', user: 'writer' });

const stageOf = async ({ entry }: PublishedSidecar): Promise<string | null> =>
  (await readRunning(testEnvironment.temporal.client, publishId(entry.name)))?.stage ?? null;

const repairOf = async (): Promise<string> =>
  (await run()).repairs.map(({ outcome, reason }) => (reason === undefined ? outcome : `${outcome}: ${reason}`)).join();

describe('a nightly run', () => {
  it('finds nothing in an unchanged target and sends only GET and HEAD requests', async () => {
    await publishSidecar();
    const before = testEnvironment.hub.requests.length;
    const result = await run();
    expect(result).toMatchObject({
      which: 'nightly',
      targets: 1,
      findings: { rows: [], attention: 0, info: 0, digest: null },
      repairs: [],
    });
    const methods = new Set(testEnvironment.hub.requests.slice(before).map(({ method }) => method));
    expect([...methods].filter((method) => method !== 'GET' && method !== 'HEAD')).toEqual([]);
  });

  it('counts its findings in the result and in the search attribute', async () => {
    const { target } = await publishSidecar();
    await put(target, CARD_PATH, Buffer.from('# Mine'));
    const result = await run();
    expect(codesOf(result)).toEqual(['card-differs README.md', 'later-commits']);
    expect(result.findings).toMatchObject({ attention: 1, info: 1, digest: expect.stringMatching(/^sha256:/) });
    const found = await testEnvironment.temporal.client.workflow.getHandle(`revalidate/${testEnvironment.queue}-${runs}`).describe();
    expect(found.typedSearchAttributes.get(SwpFindings)).toBe(1);
    await keep('nightly');
  });

  it('starts a publish only when the tensors of a source changed', async () => {
    const one = await publishSidecar();
    await put(one.source, 'README.md', Buffer.from('---\nlicense: apache-2.0\n---\n# Better\n'));
    const moved = await run();
    expect(codesOf(moved)).toEqual(['source-moved']);
    expect(moved.findings.attention).toBe(0);
    expect(await stageOf(one)).toBe(null);
    await testEnvironment.putSource({ seed: 8 }, one.source);
    expect(await repairOf()).toBe('started');
    await testEnvironment.until('awaiting-approval', publishId(one.entry.name));
    await testEnvironment.handle(one.entry).cancel();
  });

  it('starts one publish for a set of findings, and another when the findings change', async () => {
    const one = await publishSidecar();
    await put(one.target, PAYLOAD, Buffer.from('other'));
    expect(await repairOf()).toBe('started');
    expect(await repairOf()).toBe('runs');
    const plan = await testEnvironment.planOf(1, one.entry);
    await testEnvironment.handle(one.entry).executeUpdate('decide', { args: [{ plan: plan.digest, verdict: 'reject', reviewer: 'ada' }] });
    await testEnvironment.result(one.entry);
    await waitUntilListed(one, 'rejected');
    expect(await repairOf()).toBe('ended-before: it ended as rejected');
    await put(one.target, PAYLOAD, Buffer.from('another'));
    expect(await repairOf()).toBe('started');
    await testEnvironment.handle(one.entry).cancel();
  });

  it('finds nothing after the publish that it started was approved', async () => {
    const one = await publishSidecar();
    await put(one.target, PAYLOAD, Buffer.from('other'));
    expect(await repairOf()).toBe('started');
    await testEnvironment.approve(1, one.entry);
    expect((await testEnvironment.result(one.entry)).outcome).toBe('published');
    expect((await run()).findings.attention).toBe(0);
  });

  it('checks valid entries of a catalog with mistakes', async () => {
    const { entry, target } = await publishSidecar();
    await testEnvironment.hub.admin.deleteRepo(target);
    const broken = { ...entry, entry: { ...entry.entry, key: 'broken', mtp_sidecar_repo: 'no repository' } };
    await testEnvironment.writeCatalog([entry, broken as never]);
    expect(codesOf(await run())).toEqual(['catalog-invalid', 'target-absent']);
  });

  it('fails with the error of the Hub when its token is refused', async () => {
    await publishSidecar();
    const stop = testEnvironment.hub.on(() => ({ kind: 'status', status: 401, body: '{"error":"Invalid username or password."}' }));
    await expect(run().finally(stop)).rejects.toMatchObject({ cause: { cause: { type: 'hub/unauthorized' } } });
  });

  it('rejects an invalid input', async () => {
    await expect(run('nightly' as never)).rejects.toMatchObject({ cause: { type: 'workflow/input' } });
  });
});

/** Waits until the workflow list of the server shows the final stage of a publish. */
const waitUntilListed = async ({ entry }: PublishedSidecar, stage: Stage): Promise<void> => {
  const query = `WorkflowId = '${publishId(entry.name)}' AND SwpStage = '${stage}'`;
  while ((await testEnvironment.temporal.client.workflow.count(query)).count === 0) await delay(50);
};

describe('a weekly run', () => {
  it('reads every file and finds bytes that differ from the waitUntilListed digest', async () => {
    const { target } = await publishSidecar();
    const all = await run({ which: 'weekly', weeks: 1 });
    expect(all).toMatchObject({ filesRead: 5, week: expect.any(Number), findings: { attention: 0 } });
    expect(all.ofBytes).toBe(all.bytesRead);
    expect(all.bytesRead).toBeGreaterThan(90_000);
    const stop = testEnvironment.hub.on(({ operation, repo }) =>
      operation === 'cdn' && repo === target ? { kind: 'corrupt-answer', at: 100 } : undefined,
    );
    const found = await run({ which: 'weekly', weeks: 1 }).finally(stop);
    expect(codesOf(found)).toEqual([`bytes-differ ${PAYLOAD}`]);
    expect(found.repairs).toEqual([]);
    await keep('weekly');
  });
});
