import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { resultLines } from '../../client/publish/outcome.js';
import type { CollectionSlug } from '../../core/ids.js';
import type { Operation } from '../../dev/hub/index.js';
import { addToCollection, createCollection, findCollection, readCollection } from '../../hub/collections.js';
import { Secret } from '../../core/secret.js';
import { targetId } from '../../contract/names.js';
import { config, signal } from '../hub/support.js';
import { TOKENS, TestEnvironment } from '../support/test-environment.js';

const PAGES = { commit: (repo: string, commit: string) => `https://hub/${repo}/commit/${commit}` };

let testEnvironment: TestEnvironment;
beforeAll(async () => {
  testEnvironment = await TestEnvironment.open('collection');
});
beforeEach(() => testEnvironment.renew());
afterAll(() => testEnvironment.close());

const hub = () => config(testEnvironment.hub.url, { token: new Secret(TOKENS.write) });
/** Each case has a collection of its own. */
const title = () => `Sidecars of ${testEnvironment.source}`;
const newCollection = () => createCollection(hub(), { owner: 'Acme', title: title(), private: false }, { signal });
const modelsOf = async (slug: CollectionSlug | null) => (slug === null ? null : (await readCollection(hub(), slug, { signal }))?.models);
const startFiled = (hf_collection: string = title()) => testEnvironment.start(testEnvironment.entry({ hf_collection }));
const publish = async (hf_collection?: string) => {
  await startFiled(hf_collection);
  const plan = await testEnvironment.approve();
  return { plan, result: await testEnvironment.result() };
};
/** Has the Hub refuse an operation until the returned function is called. */
const refuse = (operation: Operation): (() => void) =>
  testEnvironment.hub.on((exchange) =>
    exchange.operation === operation ? { kind: 'status', status: 403, body: JSON.stringify({ error: 'Not you' }) } : undefined,
  );
/** What the Web UI shows of a workflow. */
const detailsOf = async (id: string): Promise<string> => {
  const handle = testEnvironment.temporal.client.workflow.getHandle(id);
  return (await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata')).currentDetails;
};
const resolve = (action: string) =>
  testEnvironment.temporal.client.workflow.getHandle(targetId(testEnvironment.target)).executeUpdate('resolve', { args: [{ action }] });

describe('a published target', () => {
  it('is filed in a collection that is created by its title, and then nothing is left to do', async () => {
    const { plan, result } = await publish();
    expect(plan.artifacts[0]?.operations.at(-1)).toMatchObject({ op: 'file', collection: title() });
    const slug = await findCollection(hub(), 'Acme', title(), { signal });
    expect(await modelsOf(slug)).toEqual([testEnvironment.target]);
    expect(result).toMatchObject({
      outcome: 'published',
      artifacts: [{ result: { receipt: { collection: { outcome: 'filed', collection: slug } } } }],
    });
    expect(resultLines(result, [], PAGES).join('\n')).toContain(`filed in  collection ${slug}`);
    await testEnvironment.keep('filed', ['target']);
    await startFiled();
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'unchanged' });
  });

  it('stays published when its collection refuses it, and is filed by the next start', async () => {
    const slug = await newCollection();
    const stop = refuse('add-collection-item');
    const { result } = await publish(slug);
    expect(result).toMatchObject({
      outcome: 'published',
      artifacts: [{ result: { receipt: { collection: { outcome: 'failed', code: 'hub/forbidden' } } } }],
    });
    expect(resultLines(result, [], PAGES).join('\n')).toMatch(/not filed in collection .*Not you/);
    for (const id of [testEnvironment.handle().workflowId, targetId(testEnvironment.target)])
      expect(await detailsOf(id)).toMatch(/Not filed in collection .*Not you/);

    await startFiled(slug);
    const plan = await testEnvironment.approve();
    expect(plan.artifacts[0]).toMatchObject({ action: 'collection-only' });
    await testEnvironment.untilTarget('needs-attention');
    expect(await modelsOf(slug)).toEqual([]);
    stop();
    await resolve('retry');
    const filed = await testEnvironment.result();
    expect(filed).toMatchObject({ outcome: 'filed', artifacts: [{ result: { outcome: 'filed', collection: slug, plan: plan.digest } }] });
    expect(resultLines(filed, [], PAGES).join('\n')).toContain(`filed in collection ${slug}; its files stayed as they were`);
    expect(await modelsOf(slug)).toEqual([testEnvironment.target]);
    expect(await testEnvironment.ourCommits()).toBe(1);
    await testEnvironment.keep('collection-only', ['publish', 'target']);

    await startFiled(slug);
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'unchanged' });
  });

  it('is not held back by a Hub whose collections do not answer', async () => {
    const slug = await newCollection();
    await startFiled(slug);
    await testEnvironment.planOf();
    testEnvironment.hub.on(({ operation }) => (operation === 'read-collection' ? { kind: 'status', status: 503 } : undefined));
    await testEnvironment.approve();
    expect(await testEnvironment.result()).toMatchObject({
      outcome: 'published',
      artifacts: [{ result: { receipt: { collection: { outcome: 'failed', code: 'hub/unavailable' } } } }],
    });
  });

  it('is planned with a warning when there is no such collection, and never asked about for that', async () => {
    const { plan, result } = await publish(`Acme/gone-${'0'.repeat(24)}`);
    expect(plan.artifacts[0]?.checks).toContainEqual(expect.objectContaining({ code: 'collection', verdict: 'warn' }));
    expect(JSON.stringify(result)).not.toContain('gone-');
    await startFiled(`Acme/gone-${'0'.repeat(24)}`);
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'unchanged' });
  });
});

describe('a publish that only files', () => {
  const ready = async (): Promise<CollectionSlug> => {
    await testEnvironment.start();
    await testEnvironment.approve();
    await testEnvironment.result();
    return newCollection();
  };

  it('can be abandoned, and the collection stays as it was', async () => {
    const slug = await ready();
    refuse('add-collection-item');
    await startFiled(slug);
    await testEnvironment.approve();
    await testEnvironment.untilTarget('needs-attention');
    await resolve('abandon');
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'abandoned' });
    expect(await modelsOf(slug)).toEqual([]);
  });

  it('ends filed when a cancel comes after the Hub was asked', async () => {
    const slug = await ready();
    let release = (): void => undefined;
    const held = new Promise<void>((free) => (release = free));
    const asked = new Promise<void>((reached) => {
      testEnvironment.hub.on(({ operation }) => {
        if (operation !== 'add-collection-item') return undefined;
        reached();
        return { kind: 'hold-after', until: held };
      });
    });
    await startFiled(slug);
    await testEnvironment.approve();
    await asked;
    await testEnvironment.handle().cancel();
    release();
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'filed' });
  });

  it('has nothing left to do when somebody filed the target meanwhile', async () => {
    const slug = await ready();
    await startFiled(slug);
    await testEnvironment.planOf();
    await addToCollection(hub(), slug, testEnvironment.target, { signal });
    await testEnvironment.approve();
    expect(await testEnvironment.result()).toMatchObject({
      outcome: 'unchanged',
      artifacts: [{ result: { reason: expect.stringContaining(slug) } }],
    });
  });
});
