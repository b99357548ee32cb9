import { describe, expect, it } from 'vitest';
import { EntrySnapshot } from '../../catalog/snapshot.js';
import type { ArtifactPlan } from '../../plan/artifact-plan.js';
import { makeEntryPlan, planDigest } from '../../plan/entry-plan.js';
import { reviewMarkdown } from '../../plan/render/review-markdown.js';
import { SUMMARY_LIMIT } from '../../plan/render/tables.js';
import { reviewChange, type EntryReview, type ReviewedArtifact, type Unknown } from '../../plan/catalog-review.js';
import { blocked } from '../../plan/checks.js';
import { plan, SOURCE, TARGET } from './fixtures.js';

const PLAN = plan();

const snapshot = (key = 'tiny', over: object = {}): EntrySnapshot =>
  EntrySnapshot.parse({ name: `acme/${key}`, entry: { key, tier: 'smoke', mtp_source_repo: SOURCE, mtp_sidecar_repo: TARGET, ...over } });
const known = (made: ArtifactPlan | null = PLAN, unknown: readonly Unknown[] = []): ReviewedArtifact => ({
  kind: 'mtp',
  target: TARGET,
  plan: made,
  checks: [],
  unknown,
});
const added = (artifact: ReviewedArtifact, key = 'tiny'): EntryReview =>
  reviewChange({ change: 'added', name: `acme/${key}`, after: snapshot(key) }, [], [artifact]);

describe('the digest of a review', () => {
  it('is the plan digest of a publish when everything is known', () => {
    expect(added(known()).digest).toBe(planDigest(makeEntryPlan(snapshot(), [PLAN])));
  });

  it.each([
    ['anything is unknown', known(PLAN, [{ code: 'write-access', message: 'No token.' }])],
    ['there is no plan', known(null)],
    ['the plan is blocked', known({ ...PLAN, action: 'blocked' })],
    ['a check outside the plan blocks it', { ...known(), checks: [blocked('card-yaml', 'No.')] }],
    ['there is nothing to do', known({ ...PLAN, action: 'unchanged' })],
  ])('is null when %s', (_, artifact) => {
    expect(added(artifact).digest).toBeNull();
  });
});

describe('the summary of a review', () => {
  const many = (count: number): EntryReview[] => Array.from({ length: count }, (_, at) => added(known(), `entry-${at}`));
  const bytes = (text: string): number => Buffer.byteLength(text);

  it('stays below the limit of GitHub, and names the entries that it leaves out', () => {
    const text = reviewMarkdown(many(1000), []);
    expect(bytes(text)).toBeLessThan(SUMMARY_LIMIT);
    expect(text).toContain('## `acme/entry-0`: added');
    expect(text).not.toContain('## `acme/entry-999`: added');
    expect(text).toMatch(/\*\*Cut here\*\*: GitHub shows at most 1 MiB\. Left out: \d+ entries, `acme\/entry-/);
  });

  it('stays below the limit of GitHub with the longest names', () => {
    const long = 'k'.repeat(96);
    const reviews = Array.from({ length: 5000 }, (_, at) => ({ ...added(known()), name: `${long}/${long}${at}` }));
    expect(bytes(reviewMarkdown(reviews, []))).toBeLessThan(SUMMARY_LIMIT);
  });

  it('keeps a short entry that comes after one that is too long', () => {
    const long = {
      ...added(known(), 'long'),
      fields: Array.from({ length: 90 }, (_, at) => ({ path: `${at}`, before: 'é'.repeat(290), after: 'x' })),
    };
    const text = reviewMarkdown([long, added(known(), 'short')], [], 150_000);
    expect(text).toContain('## `acme/short`: added');
    expect(text).toContain('Left out: 1 entry, `acme/long`');
  });

  it('counts the rows of a table that it does not show', () => {
    const operations = Array.from({ length: 250 }, (_, at) => ({ op: 'add' as const, path: `${at}.bin`, reason: 'new' }));
    expect(reviewMarkdown([added(known({ ...PLAN, operations }))], [])).toContain('(and 150 more)');
  });
});

it('says that a removed artifact stays on the Hub', () => {
  const change = { change: 'changed' as const, name: 'acme/tiny', before: snapshot(), after: snapshot('tiny', { private: true }) };
  const review = reviewChange(change, [known()], []);
  expect(review.artifacts).toMatchObject([{ kind: 'mtp', after: null }]);
  expect(reviewMarkdown([review], [])).toContain('Nothing is deleted: the target stays as it is.');
});

it('reports the same plan when both sides share an unknown plan, and an unknown change otherwise', () => {
  const change = { change: 'changed' as const, name: 'acme/tiny', before: snapshot(), after: snapshot('tiny', { tier: 'moe' }) };
  const unseen = known(null, [{ code: 'hub', message: 'It is down.' }]);
  expect(reviewMarkdown([reviewChange(change, [unseen], [unseen])], [])).toContain('Its plan is the same as before.');
  expect(reviewMarkdown([reviewChange(change, [unseen], [{ ...unseen }])], [])).toContain(
    'The effect of the change on the plan is unknown here.',
  );
});
