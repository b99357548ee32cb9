import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collectTarget } from '../../../publish/collection/add-to-collection.js';
import { readCollectionFacts } from '../../../publish/facts/read-collection.js';
import type { CollectionReport } from '../../../contract/publish-activities.js';
import { CollectionSlug, RepoId } from '../../../core/ids.js';
import { createCollection, readCollection } from '../../../hub/collections.js';
import type { ApprovedArtifact } from '../../../plan/approved.js';
import type { CollectionGoal } from '../../../plan/artifact-plan.js';
import { makeEntryPlan, planDigest } from '../../../plan/entry-plan.js';
import { config, startTestHub, signal, tiny, TOKEN, type TestHub } from '../../hub/support.js';
import { ANYBODY, DECISION, plan } from '../../plan/fixtures.js';

const TARGET = RepoId.parse('acme/qwen-mtp');
const MISSING_COLLECTION = CollectionSlug.parse(`acme/weights-${'a'.repeat(24)}`);

const approvedFor = (collection: CollectionGoal | undefined, isPrivate = false): ApprovedArtifact => {
  const made = {
    ...plan(),
    action: 'collection-only' as const,
    target: { ...plan().target, repo: TARGET, private: isPrivate },
    ...(collection === undefined ? {} : { collection }),
  };
  const entryPlan = makeEntryPlan({ name: 'x/y' }, [made]);
  return { entryName: 'x/y', entryPlan, plan: made, decision: { ...DECISION, plan: planDigest(entryPlan) }, terms: ANYBODY };
};

let test: TestHub;
beforeEach(async () => {
  test = await startTestHub();
  await test.hub.admin.createRepo(TARGET);
});
afterEach(() => test.close());

const file = (goal: CollectionGoal | undefined, isPrivate = false, targets: string[] | null = ['acme']): Promise<CollectionReport> =>
  collectTarget({ hub: test.client, targets }, approvedFor(goal, isPrivate), signal);
const facts = (wanted: string) => readCollectionFacts(test.client, wanted, TARGET, signal);
const newCollection = (owner = 'acme') => createCollection(test.client, { owner, title: 'Weights', private: false }, { signal });

describe('adding a target to a collection', () => {
  it('adds it once to an existing collection', async () => {
    const slug = await newCollection();
    expect(await facts(slug)).toEqual({ state: 'found', slug, title: 'Weights', holdsTarget: false });
    expect(await file({ slug })).toEqual({ outcome: 'added', collection: slug });
    expect(await file({ slug })).toEqual({ outcome: 'unchanged', collection: slug });
    expect(await facts(slug)).toMatchObject({ holdsTarget: true });
    expect(await facts('Weights')).toMatchObject({ slug, holdsTarget: true });
  });

  it('creates a collection by title once for two concurrent calls', async () => {
    expect(await facts('New weights')).toEqual({ state: 'absent', title: 'New weights' });
    const [one, two] = await Promise.all([file({ title: 'New weights' }), file({ title: 'New weights' })]);
    expect([one.outcome, two.outcome].toSorted()).toEqual(['added', 'unchanged']);
    expect(one.collection).toBe(two.collection);
    expect(await facts('New weights')).toMatchObject({ slug: one.collection, holdsTarget: true });
  });

  it.each([
    [false, 'public'],
    [true, 'private'],
  ])('creates a collection with the visibility of the target (private: %s, so %s)', async (isPrivate) => {
    const { collection } = await file({ title: 'New weights' }, isPrivate);
    const { token: _token, ...anonymous } = test.client;
    const seen = await readCollection(anonymous, CollectionSlug.parse(collection), { signal });
    expect(seen === null).toBe(isPrivate);
  });

  it('sends no request for a plan without an approved collection', async () => {
    expect(await file(undefined)).toMatchObject({ outcome: 'failed', code: 'plan/not-publishable' });
    expect(test.hub.requests.filter(({ operation }) => operation.includes('collection'))).toEqual([]);
  });
});

describe('a failure to add a target', () => {
  it('is reported for a namespace outside the allowed targets, and nothing is added', async () => {
    const slug = await newCollection('writer');
    expect(await file({ slug })).toMatchObject({
      outcome: 'failed',
      code: 'worker/target-refused',
      hint: expect.stringContaining('SWP_TARGETS'),
    });
    expect(await file({ title: 'Other' }, false, ['elsewhere'])).toMatchObject({ outcome: 'failed', code: 'worker/target-refused' });
    expect(test.hub.requests.filter(({ operation }) => operation === 'add-collection-item')).toEqual([]);
  });

  it('is reported when the collection has moved to such a namespace', async () => {
    const moved = { slug: `evil/weights-${'a'.repeat(24)}`, title: 'Weights', items: [] };
    const methods: string[] = [];
    const server = await tiny((request, response) => {
      methods.push(request.method ?? '');
      response.end(JSON.stringify(moved));
    });
    try {
      const report = await collectTarget({ hub: config(server.url), targets: ['acme'] }, approvedFor({ slug: MISSING_COLLECTION }), signal);
      expect(report).toMatchObject({ outcome: 'failed', code: 'worker/target-refused' });
      expect(methods).toEqual(['GET']);
    } finally {
      await server.close();
    }
  });

  it('is reported with a hint when the collection does not exist', async () => {
    expect(await file({ slug: MISSING_COLLECTION })).toMatchObject({
      outcome: 'failed',
      collection: MISSING_COLLECTION,
      reason: expect.stringContaining(MISSING_COLLECTION),
      hint: expect.stringContaining('hf_collection'),
    });
    expect(await facts(MISSING_COLLECTION)).toEqual({ state: 'unreadable', wanted: MISSING_COLLECTION, code: 'hub/not-found' });
  });

  it('is reported after four attempts of the step, and in the facts for the plan', async () => {
    test.hub.on(({ operation }) => (operation.includes('collection') ? { kind: 'status', status: 503 } : undefined));
    expect(await file({ slug: MISSING_COLLECTION })).toMatchObject({ outcome: 'failed', code: 'hub/unavailable' });
    expect(test.hub.requests.filter(({ operation }) => operation === 'read-collection')).toHaveLength(4);
    expect(await facts('Weights')).toEqual({ state: 'unreadable', wanted: 'Weights', code: 'hub/unavailable' });
  });

  it('hides a token that the server repeats', async () => {
    const server = await tiny((_request, response) => response.writeHead(403).end(JSON.stringify({ error: `no, ${TOKEN}` })));
    try {
      const report = await collectTarget({ hub: config(server.url), targets: null }, approvedFor({ slug: MISSING_COLLECTION }), signal);
      expect(report).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('[secret]') });
    } finally {
      await server.close();
    }
  });

  it('is thrown, not reported, when the step is aborted', async () => {
    const ended = AbortSignal.abort(new Error('ended'));
    await expect(collectTarget({ hub: test.client, targets: null }, approvedFor({ slug: MISSING_COLLECTION }), ended)).rejects.toThrow(
      'ended',
    );
    await expect(readCollectionFacts(test.client, MISSING_COLLECTION, TARGET, ended)).rejects.toThrow('ended');
  });
});
