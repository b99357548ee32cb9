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
const fileOnly = (): ArtifactPlan => withCollection(unchanged(), MISSING);
const filing = (made: ArtifactPlan) => made.operations.filter(({ op }) => op === 'file');

describe('a collection that lacks the target', () => {
  it('gives every plan one operation more', () => {
    const made = withCollection(plan(), MISSING);
    expect(made).toMatchObject({ action: 'publish', collection: { slug: SLUG } });
    expect(made.operations).toEqual([
      ...plan().operations,
      { op: 'file', collection: SLUG, reason: '"Vindexes" does not hold the target' },
    ]);
  });

  it('is all that there is to do for a target that is as it should be', () => {
    expect(fileOnly()).toMatchObject({ action: 'collection-only', estimate: { fetchBytes: 0, outputBytes: 0 } });
    expect(isWork(fileOnly())).toBe(true);
    expect(isCommit(fileOnly())).toBe(false);
  });

  it('is created by its title, as visible as the target', () => {
    const made = withCollection(plan(), ABSENT);
    expect(made.collection).toEqual({ title: 'Our sidecars' });
    expect(filing(made)).toEqual([
      { op: 'file', collection: 'Our sidecars', reason: 'FoxlightAI has none of this title: a public one is created' },
    ]);
    expect(filing(withCollection(plan({ private: true }), ABSENT))).toMatchObject([{ reason: expect.stringContaining('private') }]);
  });
});

describe('a collection that needs nothing', () => {
  it('leaves a plan unchanged that was', () => {
    const made = withCollection(unchanged(), HELD);
    expect(made).toMatchObject({ action: 'unchanged', operations: unchanged().operations });
    expect(made.checks).toContainEqual(expect.objectContaining({ code: 'collection', verdict: 'ok' }));
  });

  it('that cannot be read is a warning, and nothing is filed or blocked', () => {
    for (const made of [withCollection(unchanged(), UNREADABLE), withCollection(plan(), UNREADABLE)]) {
      expect(made.collection).toBeUndefined();
      expect(filing(made)).toEqual([]);
      expect(made.checks).toContainEqual(
        expect.objectContaining({ code: 'collection', verdict: 'warn', fix: expect.stringContaining('hf_collection') }),
      );
    }
    expect(withCollection(unchanged(), UNREADABLE).action).toBe('unchanged');
  });

  it('says nothing of a plan that is blocked', () => {
    const blocked = plan({ source: sourceFacts({ private: true }) });
    expect(artifactPlanDigest(withCollection(blocked, MISSING))).toBe(artifactPlanDigest(blocked));
  });
});

describe('a plan that only files', () => {
  const approve = (made: ArtifactPlan): ApprovedArtifact => {
    const entryPlan = makeEntryPlan({ name: 'x/y' }, [made]);
    return { entryName: 'x/y', entryPlan, plan: made, decision: { ...DECISION, plan: planDigest(entryPlan) }, terms: ANYBODY };
  };

  it('is approved for filing, and for no commit', () => {
    expect(assertApproved(approve(fileOnly()), 'file')).toBe(approve(fileOnly()).decision.plan);
    expect(() => assertApproved(approve(fileOnly()))).toThrow(expect.objectContaining({ code: 'plan/not-publishable' }));
  });

  it.each([
    ['a plan without a collection', plan()],
    ['a plan with nothing to do', withCollection(unchanged(), HELD)],
  ])('is not %s, which may file nothing', (_, made) => {
    expect(() => assertApproved(approve(made), 'file')).toThrow(expect.objectContaining({ code: 'plan/not-publishable' }));
  });

  it('needs a host that may write, not one that can read the source or has room', () => {
    const host = {
      host: 'h',
      availableDiskBytes: 0,
      memoryBytes: 1,
      sources: [],
      targets: [{ repo: TARGET, writable: 'no' as const, reason: 'It only reads.' }],
    };
    expect(volatileChecks([fileOnly()], host).map(({ code, verdict }) => `${code} ${verdict}`)).toEqual(['write-access blocked']);
    expect(volatileChecks([fileOnly()], null)).toMatchObject([{ code: 'high-memory-host', verdict: 'blocked' }]);
  });

  it('warns when the collection may not be written, and goes on', () => {
    const host = {
      host: 'h',
      availableDiskBytes: 1e12,
      sources: [],
      targets: [{ repo: SLUG, writable: 'no' as const, reason: 'Not there.' }],
    };
    expect(volatileChecks([fileOnly()], host)).toContainEqual(
      expect.objectContaining({ code: 'collection-access', verdict: 'warn', message: expect.stringContaining('Not there.') }),
    );
  });

  const shown = (): ShownPlan => ({
    entryName: 'foxlight/qwen3-5-9b-full-q4-k',
    digest: PLAN_DIGEST,
    round: 1,
    artifacts: [fileOnly()],
    volatile: [],
    changes: [],
  });

  it('looks like this in the terminal', async () => {
    await expect(`${planText(shown(), PLAIN)}\n`).toMatchFileSnapshot('goldens/collection-only.txt');
  });

  it('looks like this in the Web UI', async () => {
    await expect(`${planMarkdown(shown())}\n`).toMatchFileSnapshot('goldens/collection-only.md');
  });
});

describe('the preconditions of a plan that files', () => {
  it('hold while the head is the planned one', () => {
    expect(comparePreconditions(fileOnly(), publishedTarget(plan()))).toEqual({ state: 'hold' });
  });

  it('have moved when the same payload came meanwhile: whether it was filed too is for the next plan', () => {
    expect(comparePreconditions(withCollection(plan(), MISSING), publishedTarget(plan()))).toMatchObject({ state: 'moved' });
    expect(comparePreconditions(fileOnly(), { ...publishedTarget(plan()), head: commit('e') })).toMatchObject({ state: 'moved' });
  });
});
