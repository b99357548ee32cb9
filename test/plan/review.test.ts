import { describe, expect, it } from 'vitest';
import type { ArtifactPlan } from '../../plan/artifact-plan.js';
import { reviewMarkdown, type EntryReview } from '../../plan/render/review.js';
import { SUMMARY_LIMIT } from '../../plan/render/tables.js';
import { plan, PLAN_DIGEST } from './fixtures.js';

const added = (key = 'tiny', artifact: ArtifactPlan = plan()): EntryReview => ({
  name: `acme/${key}`,
  change: 'added',
  fields: [],
  plan: { entryName: `acme/${key}`, digest: PLAN_DIGEST, round: 1, artifacts: [artifact], volatile: [], changes: [] },
  reason: null,
});
const removed: EntryReview = { name: 'acme/tiny', change: 'removed', fields: [], plan: null, reason: null };
const bytes = (text: string): number => Buffer.byteLength(text);

describe('the summary of a review', () => {
  it('stays below the limit of GitHub, and names the entries that it leaves out', () => {
    const text = reviewMarkdown(
      Array.from({ length: 700 }, (_, at) => added(`entry-${at}`)),
      [],
    );
    expect(bytes(text)).toBeLessThan(SUMMARY_LIMIT);
    expect(text).toContain('## `acme/entry-0`: added');
    expect(text).not.toContain('## `acme/entry-699`: added');
    expect(text).toMatch(/\*\*Cut here\*\*: GitHub shows at most 1 MiB\. Left out: \d+ entries, `acme\/entry-/);
  });

  it('stays below the limit of GitHub with the longest names', () => {
    const long = 'k'.repeat(96);
    const reviews = Array.from({ length: 5000 }, (_, at) => ({ ...removed, name: `${long}/${long}${at}` }));
    const text = reviewMarkdown(reviews, []);
    expect(bytes(text)).toBeLessThan(SUMMARY_LIMIT);
    expect(text).toContain('Left out');
  });

  it('keeps a short entry that comes after one that is too long', () => {
    const long = {
      ...added('long'),
      fields: Array.from({ length: 90 }, (_, at) => ({ path: `${at}`, before: 'é'.repeat(290), after: 'x' })),
    };
    const text = reviewMarkdown([long, added('short')], [], 150_000);
    expect(text).toContain('## `acme/short`: added');
    expect(text).toContain('Left out: 1 entry, `acme/long`');
  });

  it('counts the rows of a table that it does not show', () => {
    const operations = Array.from({ length: 250 }, (_, at) => ({ op: 'add' as const, path: `${at}.bin`, reason: 'new' }));
    expect(reviewMarkdown([added('tiny', { ...plan(), operations })], [])).toContain('(and 150 more)');
  });

  it('says that the targets of a removed entry stay on the Hub', () => {
    expect(reviewMarkdown([removed], [])).toContain('Nothing is deleted: its targets stay as they are.');
  });
});
