import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileTarget } from '../../../publish/collection/add-to-collection.js';
import { readCollectionFacts } from '../../../publish/facts/read-collection.js';
import type { FilingReport } from '../../../contract/publish-activities.js';
import { CollectionSlug, RepoId } from '../../../core/ids.js';
import { createCollection, readCollection } from '../../../hub/collections.js';
import type { ApprovedArtifact } from '../../../plan/approved.js';
import type { FilingGoal } from '../../../plan/artifact-plan.js';
import { makeEntryPlan, planDigest } from '../../../plan/entry-plan.js';
import { config, openHub, signal, tiny, TOKEN, type TestHub } from '../../hub/support.js';
import { ANYBODY, DECISION, plan } from '../../plan/fixtures.js';

const TARGET = RepoId.parse('acme/qwen-mtp');
const NOWHERE = CollectionSlug.parse(`acme/weights-${'a'.repeat(24)}`);

const approvedFor = (collection: FilingGoal | undefined, isPrivate = false): ApprovedArtifact => {
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
  test = await openHub();
  await test.hub.admin.createRepo(TARGET);
});
afterEach(() => test.close());

const file = (goal: FilingGoal | undefined, isPrivate = false, targets: string[] | null = ['acme']): Promise<FilingReport> =>
  fileTarget({ hub: test.client, targets }, approvedFor(goal, isPrivate), signal);
const facts = (wanted: string) => readCollectionFacts(test.client, wanted, TARGET, signal);
const newCollection = (owner = 'acme') => createCollection(test.client, { owner, title: 'Weights', private: false }, { signal });

describe('filing a target', () => {
  it('in a collection that is there adds it once', async () => {
    const slug = await newCollection();
    expect(await facts(slug)).toEqual({ state: 'found', slug, title: 'Weights', holdsTarget: false });
    expect(await file({ slug })).toEqual({ outcome: 'filed', collection: slug });
    expect(await file({ slug })).toEqual({ outcome: 'already', collection: slug });
    expect(await facts(slug)).toMatchObject({ holdsTarget: true });
    expect(await facts('Weights')).toMatchObject({ slug, holdsTarget: true });
  });

  it('by a title creates the collection once, whoever comes first', async () => {
    expect(await facts('New weights')).toEqual({ state: 'absent', title: 'New weights' });
    const [one, two] = await Promise.all([file({ title: 'New weights' }), file({ title: 'New weights' })]);
    expect([one.outcome, two.outcome].toSorted()).toEqual(['already', 'filed']);
    expect(one.collection).toBe(two.collection);
    expect(await facts('New weights')).toMatchObject({ slug: one.collection, holdsTarget: true });
  });

  it.each([
    [false, 'public'],
    [true, 'private'],
  ])('that is private: %s, by a title, creates a %s collection', async (isPrivate) => {
    const { collection } = await file({ title: 'New weights' }, isPrivate);
    const { token: _token, ...stranger } = test.client;
    const seen = await readCollection(stranger, CollectionSlug.parse(collection), { signal });
    expect(seen === null).toBe(isPrivate);
  });

  it('is not asked of the Hub for what nobody approved', async () => {
    expect(await file(undefined)).toMatchObject({ outcome: 'failed', code: 'plan/not-publishable' });
    expect(test.hub.requests.filter(({ operation }) => operation.includes('collection'))).toEqual([]);
  });
});

describe('a failure to file', () => {
  it('in a namespace that this worker does not write to is reported, and nothing is written', async () => {
    const slug = await newCollection('writer');
    expect(await file({ slug })).toMatchObject({
      outcome: 'failed',
      code: 'worker/target-refused',
      hint: expect.stringContaining('SWP_TARGETS'),
    });
    expect(await file({ title: 'Other' }, false, ['elsewhere'])).toMatchObject({ outcome: 'failed', code: 'worker/target-refused' });
    expect(test.hub.requests.filter(({ operation }) => operation === 'add-collection-item')).toEqual([]);
  });

  it('of a collection that moved to such a namespace is reported too', async () => {
    const moved = { slug: `evil/weights-${'a'.repeat(24)}`, title: 'Weights', items: [] };
    const asked: string[] = [];
    const server = await tiny((request, response) => {
      asked.push(request.method ?? '');
      response.end(JSON.stringify(moved));
    });
    try {
      const report = await fileTarget({ hub: config(server.url), targets: ['acme'] }, approvedFor({ slug: NOWHERE }), signal);
      expect(report).toMatchObject({ outcome: 'failed', code: 'worker/target-refused' });
      expect(asked).toEqual(['GET']);
    } finally {
      await server.close();
    }
  });

  it('for want of the collection is reported with what to do', async () => {
    expect(await file({ slug: NOWHERE })).toMatchObject({
      outcome: 'failed',
      collection: NOWHERE,
      reason: expect.stringContaining(NOWHERE),
      hint: expect.stringContaining('hf_collection'),
    });
    expect(await facts(NOWHERE)).toEqual({ state: 'unreadable', wanted: NOWHERE, code: 'hub/not-found' });
  });

  it('is reported after a few tries, in the plan as in the step', async () => {
    test.hub.on(({ operation }) => (operation.includes('collection') ? { kind: 'status', status: 503 } : undefined));
    expect(await file({ slug: NOWHERE })).toMatchObject({ outcome: 'failed', code: 'hub/unavailable' });
    expect(test.hub.requests.filter(({ operation }) => operation === 'read-collection')).toHaveLength(4);
    expect(await facts('Weights')).toEqual({ state: 'unreadable', wanted: 'Weights', code: 'hub/unavailable' });
  });

  it('repeats no token that the server says', async () => {
    const server = await tiny((_request, response) => response.writeHead(403).end(JSON.stringify({ error: `no, ${TOKEN}` })));
    try {
      const report = await fileTarget({ hub: config(server.url), targets: null }, approvedFor({ slug: NOWHERE }), signal);
      expect(report).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('[secret]') });
    } finally {
      await server.close();
    }
  });

  it('is no report when the step itself is ended', async () => {
    const ended = AbortSignal.abort(new Error('ended'));
    await expect(fileTarget({ hub: test.client, targets: null }, approvedFor({ slug: NOWHERE }), ended)).rejects.toThrow('ended');
    await expect(readCollectionFacts(test.client, NOWHERE, TARGET, ended)).rejects.toThrow('ended');
  });
});
