import { describe, expect, it } from 'vitest';
import { CollectionSlug } from '../../core/ids.js';
import { assertApproved, type ApprovedArtifact } from '../../plan/approved.js';
import { artifactPlanDigest, type ArtifactPlan } from '../../plan/artifact-plan.js';
import { withCollection } from '../../plan/collection.js';
import { makeEntryPlan, planDigest } from '../../plan/entry-plan.js';
import type { CollectionFacts } from '../../plan/facts.js';
import { comparePreconditions } from '../../plan/preconditions.js';
import { planMarkdown, type ShownPlan } from '../../plan/render/markdown.js';
import { PLAIN } from '../../plan/render/paint.js';
import { planText } from '../../plan/render/terminal.js';
import { volatileChecks } from '../../plan/volatile-checks.js';
import { isCommit, isWork } from '../../plan/work.js';
import { ANYBODY, commit, DECISION, plan, PLAN_DIGEST, publishedTarget, sourceFacts, TARGET } from './fixtures.js';

const SLUG = CollectionSlug.parse('FoxlightAI/vindexes-6a124406dd5fb439c431b051');
const MISSING: CollectionFacts = { state: 'found', slug: SLUG, title: 'Vindexes', holdsTarget: false };
const HELD: CollectionFacts = { ...MISSING, holdsTarget: true };
const ABSENT: CollectionFacts = { state: 'absent', title: 'Our sidecars' };
const UNREADABLE: CollectionFacts = { state: 'unreadable', wanted: SLUG, code: 'hub/not-found' };

const unchanged = (): ArtifactPlan => plan({ target: publishedTarget(plan()) });
const collectionOnly = (): ArtifactPlan => withCollection(unchanged(), MISSING);
const collectionOperations = (made: ArtifactPlan) => made.operations.filter(({ op }) => op === 'collect');

describe('a collection that lacks the target', () => {
  it('adds one operation to a plan', () => {
    const made = withCollection(plan(), MISSING);
    expect(made).toMatchObject({ action: 'publish', collection: { slug: SLUG } });
    expect(made.operations).toEqual([
      ...plan().operations,
      { op: 'collect', collection: SLUG, reason: '"Vindexes" does not hold the target' },
    ]);
  });

  it('is the only work for an unchanged target', () => {
    expect(collectionOnly()).toMatchObject({ action: 'collection-only', estimate: { fetchBytes: 0, outputBytes: 0 } });
    expect(isWork(collectionOnly())).toBe(true);
    expect(isCommit(collectionOnly())).toBe(false);
  });

  it('is created by its title with the visibility of the target', () => {
    const made = withCollection(plan(), ABSENT);
    expect(made.collection).toEqual({ title: 'Our sidecars' });
    expect(collectionOperations(made)).toEqual([
      { op: 'collect', collection: 'Our sidecars', reason: 'FoxlightAI has no collection with this title: a public one is created' },
    ]);
    expect(collectionOperations(withCollection(plan({ private: true }), ABSENT))).toMatchObject([
      { reason: expect.stringContaining('private') },
    ]);
  });
});

describe('a collection that needs nothing', () => {
  it('leaves an unchanged plan unchanged', () => {
    const made = withCollection(unchanged(), HELD);
    expect(made).toMatchObject({ action: 'unchanged', operations: unchanged().operations });
    expect(made.checks).toContainEqual(expect.objectContaining({ code: 'collection', verdict: 'ok' }));
  });

  it('causes only a warning when it cannot be read', () => {
    for (const made of [withCollection(unchanged(), UNREADABLE), withCollection(plan(), UNREADABLE)]) {
      expect(made.collection).toBeUndefined();
      expect(collectionOperations(made)).toEqual([]);
      expect(made.checks).toContainEqual(
        expect.objectContaining({ code: 'collection', verdict: 'warn', fix: expect.stringContaining('hf_collection') }),
      );
    }
    expect(withCollection(unchanged(), UNREADABLE).action).toBe('unchanged');
  });

  it('does not change a blocked plan', () => {
    const blocked = plan({ source: sourceFacts({ private: true }) });
    expect(artifactPlanDigest(withCollection(blocked, MISSING))).toBe(artifactPlanDigest(blocked));
  });
});

describe('a plan that only adds to a collection', () => {
  const approve = (made: ArtifactPlan): ApprovedArtifact => {
    const entryPlan = makeEntryPlan({ name: 'x/y' }, [made]);
    return { entryName: 'x/y', entryPlan, plan: made, decision: { ...DECISION, plan: planDigest(entryPlan) }, terms: ANYBODY };
  };

  it('is approved for the collection, but not for a commit', () => {
    expect(assertApproved(approve(collectionOnly()), 'collect')).toBe(approve(collectionOnly()).decision.plan);
    expect(() => assertApproved(approve(collectionOnly()))).toThrow(expect.objectContaining({ code: 'plan/not-publishable' }));
  });

  it.each([
    ['a plan without a collection', plan()],
    ['a plan with nothing to do', withCollection(unchanged(), HELD)],
  ])('is not %s, which adds nothing', (_, made) => {
    expect(() => assertApproved(approve(made), 'collect')).toThrow(expect.objectContaining({ code: 'plan/not-publishable' }));
  });

  it('needs a host with write access, but no read access and no disk space', () => {
    const host = {
      host: 'h',
      availableDiskBytes: 0,
      memoryBytes: 1,
      sources: [],
      targets: [{ repo: TARGET, writable: 'no' as const, reason: 'It only reads.' }],
    };
    expect(volatileChecks([collectionOnly()], host).map(({ code, verdict }) => `${code} ${verdict}`)).toEqual(['write-access blocked']);
    expect(volatileChecks([collectionOnly()], null)).toMatchObject([{ code: 'high-memory-host', verdict: 'blocked' }]);
  });

  it('warns when the collection is not writable', () => {
    const host = {
      host: 'h',
      availableDiskBytes: 1e12,
      sources: [],
      targets: [{ repo: SLUG, writable: 'no' as const, reason: 'Not there.' }],
    };
    expect(volatileChecks([collectionOnly()], host)).toContainEqual(
      expect.objectContaining({ code: 'collection-access', verdict: 'warn', message: expect.stringContaining('Not there.') }),
    );
  });

  const shown = (): ShownPlan => ({
    entryName: 'foxlight/qwen3-5-9b-full-q4-k',
    digest: PLAN_DIGEST,
    round: 1,
    artifacts: [collectionOnly()],
    volatile: [],
    changes: [],
  });

  it('matches the golden for the terminal', async () => {
    await expect(`${planText(shown(), PLAIN)}\n`).toMatchFileSnapshot('goldens/collection-only.txt');
  });

  it('matches the golden for the Web UI', async () => {
    await expect(`${planMarkdown(shown())}\n`).toMatchFileSnapshot('goldens/collection-only.md');
  });
});

describe('the preconditions of a plan with a collection', () => {
  it('hold while the head is the planned one', () => {
    expect(comparePreconditions(collectionOnly(), publishedTarget(plan()))).toEqual({ state: 'hold' });
  });

  it('have moved when the same payload was published meanwhile', () => {
    expect(comparePreconditions(withCollection(plan(), MISSING), publishedTarget(plan()))).toMatchObject({ state: 'stale' });
    expect(comparePreconditions(collectionOnly(), { ...publishedTarget(plan()), head: commit('e') })).toMatchObject({ state: 'stale' });
  });
});
