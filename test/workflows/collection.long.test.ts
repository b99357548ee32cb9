import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { resultLines } from '../../client/publish/outcome.js';
import type { CollectionSlug } from '../../core/ids.js';
import type { Operation } from '../../dev/hub/index.js';
import { addToCollection, createCollection, findCollection, readCollection } from '../../hub/collections.js';
import { Secret } from '../../core/secret.js';
import { targetId } from '../../contract/names.js';
import { config, signal } from '../hub/support.js';
import { detailsOf } from '../support/details-of.js';
import { TestEnvironment } from '../support/test-environment.js';
import { TOKENS } from '../support/tokens.js';

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
const startWithCollection = (hf_collection: string = title()) => testEnvironment.start(testEnvironment.entry({ hf_collection }));
const publish = async (hf_collection?: string) => {
  await startWithCollection(hf_collection);
  const plan = await testEnvironment.approve();
  return { plan, result: await testEnvironment.result() };
};
/** Makes the Hub refuse an operation until the returned function is called. */
const refuse = (operation: Operation): (() => void) =>
  testEnvironment.hub.on((exchange) =>
    exchange.operation === operation ? { kind: 'status', status: 403, body: JSON.stringify({ error: 'Not you' }) } : undefined,
  );
const resolve = (action: string) =>
  testEnvironment.temporal.client.workflow.getHandle(targetId(testEnvironment.target)).executeUpdate('resolve', { args: [{ action }] });

describe('a published target', () => {
  it('is added to a collection that is created by its title, and the next start ends unchanged', async () => {
    const { plan, result } = await publish();
    expect(plan.artifacts[0]?.operations.at(-1)).toMatchObject({ op: 'collect', collection: title() });
    const slug = await findCollection(hub(), 'Acme', title(), { signal });
    expect(await modelsOf(slug)).toEqual([testEnvironment.target]);
    expect(result).toMatchObject({
      outcome: 'published',
      artifacts: [{ result: { receipt: { collection: { outcome: 'added', collection: slug } } } }],
    });
    expect(resultLines(result, [], PAGES).join('\n')).toContain(`added to  collection ${slug}`);
    await testEnvironment.keep('collected', ['target']);
    await startWithCollection();
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'unchanged' });
  });

  it('stays published when its collection refuses it, and the next start adds it', async () => {
    const slug = await newCollection();
    const stop = refuse('add-collection-item');
    const { result } = await publish(slug);
    expect(result).toMatchObject({
      outcome: 'published',
      artifacts: [{ result: { receipt: { collection: { outcome: 'failed', code: 'hub/forbidden' } } } }],
    });
    expect(resultLines(result, [], PAGES).join('\n')).toMatch(/not added to collection .*Not you/);
    for (const id of [testEnvironment.handle().workflowId, targetId(testEnvironment.target)])
      expect(await detailsOf(testEnvironment, id)).toMatch(/Could not be added to collection .*Not you/);

    await startWithCollection(slug);
    const plan = await testEnvironment.approve();
    expect(plan.artifacts[0]).toMatchObject({ action: 'collection-only' });
    await testEnvironment.untilTarget('needs-attention');
    expect(await modelsOf(slug)).toEqual([]);
    stop();
    await resolve('retry');
    const collected = await testEnvironment.result();
    expect(collected).toMatchObject({
      outcome: 'collected',
      artifacts: [{ result: { outcome: 'collected', collection: slug, plan: plan.digest } }],
    });
    expect(resultLines(collected, [], PAGES).join('\n')).toContain(`added to collection ${slug}; its files did not change`);
    expect(await modelsOf(slug)).toEqual([testEnvironment.target]);
    expect(await testEnvironment.ourCommits()).toBe(1);
    await testEnvironment.keep('collection-only', ['publish', 'target']);

    await startWithCollection(slug);
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'unchanged' });
  });

  it('ends published although its collection is unavailable', async () => {
    const slug = await newCollection();
    await startWithCollection(slug);
    await testEnvironment.planOf();
    testEnvironment.hub.on(({ operation }) => (operation === 'read-collection' ? { kind: 'status', status: 503 } : undefined));
    await testEnvironment.approve();
    expect(await testEnvironment.result()).toMatchObject({
      outcome: 'published',
      artifacts: [{ result: { receipt: { collection: { outcome: 'failed', code: 'hub/unavailable' } } } }],
    });
  });

  it('is planned with a warning when the collection does not exist, and the next start ends unchanged', async () => {
    const { plan, result } = await publish(`Acme/gone-${'0'.repeat(24)}`);
    expect(plan.artifacts[0]?.checks).toContainEqual(expect.objectContaining({ code: 'collection', verdict: 'warn' }));
    expect(JSON.stringify(result)).not.toContain('gone-');
    await startWithCollection(`Acme/gone-${'0'.repeat(24)}`);
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'unchanged' });
  });
});

describe('a publish that only adds to a collection', () => {
  const publishWithoutCollection = async (): Promise<CollectionSlug> => {
    await testEnvironment.start();
    await testEnvironment.approve();
    await testEnvironment.result();
    return newCollection();
  };

  it('can be abandoned, which leaves the collection unchanged', async () => {
    const slug = await publishWithoutCollection();
    refuse('add-collection-item');
    await startWithCollection(slug);
    await testEnvironment.approve();
    await testEnvironment.untilTarget('needs-attention');
    await resolve('abandon');
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'abandoned' });
    expect(await modelsOf(slug)).toEqual([]);
  });

  it('ends collected when a cancel arrives after the request was sent', async () => {
    const slug = await publishWithoutCollection();
    let thaw = (): void => undefined;
    const held = new Promise<void>((release) => (thaw = release));
    const requested = new Promise<void>((reached) => {
      testEnvironment.hub.on(({ operation }) => {
        if (operation !== 'add-collection-item') return undefined;
        reached();
        return { kind: 'hold-after', until: held };
      });
    });
    await startWithCollection(slug);
    await testEnvironment.approve();
    await requested;
    await testEnvironment.handle().cancel();
    thaw();
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'collected' });
  });

  it('ends unchanged when the target was added to the collection in the meantime', async () => {
    const slug = await publishWithoutCollection();
    await startWithCollection(slug);
    await testEnvironment.planOf();
    await addToCollection(hub(), slug, testEnvironment.target, { signal });
    await testEnvironment.approve();
    expect(await testEnvironment.result()).toMatchObject({
      outcome: 'unchanged',
      artifacts: [{ result: { reason: expect.stringContaining(slug) } }],
    });
  });
});
