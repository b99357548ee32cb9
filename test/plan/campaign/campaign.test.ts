import { describe, expect, it } from 'vitest';
import { Digest, RepoId } from '../../../core/ids.js';
import { parseCampaignDecision, unknownEntries, type CampaignDecision } from '../../../plan/campaign/campaign-decision.js';
import { campaignDigest } from '../../../plan/campaign/campaign-digest.js';
import { plainRow, rowOf, type CampaignRow } from '../../../plan/campaign/campaign-row.js';
import { addRows, NO_TOTALS } from '../../../plan/campaign/campaign-totals.js';
import { blocked } from '../../../plan/checks.js';
import { campaignMarkdown, sortRows, totalsText } from '../../../plan/render/campaign-markdown.js';
import { plan } from '../fixtures.js';

const digest = (letter: string): Digest => Digest.parse(`sha256:${letter.repeat(64)}`);
const row = (entry: string, over: Partial<CampaignRow> = {}): CampaignRow => ({
  entry,
  state: 'changes',
  plan: digest('a'),
  artifacts: [{ kind: 'mtp', target: RepoId.parse('acme/t'), action: 'publish' }],
  fetchBytes: 10,
  outputBytes: 20,
  diskBytes: 30,
  reason: null,
  ...over,
});

describe("a campaign's plan", () => {
  const items = [
    { entry: 'acme/a', plan: digest('a') },
    { entry: 'acme/b', plan: digest('b') },
  ];

  it('has a digest of its entries and their plans that ignores their order', () => {
    expect(campaignDigest(items.toReversed())).toBe(campaignDigest(items));
    expect(campaignDigest([items[0]!, { ...items[1]!, plan: digest('c') }])).not.toBe(campaignDigest(items));
    expect(campaignDigest([items[0]!])).not.toBe(campaignDigest(items));
  });

  it('has a row for a changed, an unchanged and a blocked entry', () => {
    const made = plan();
    expect(rowOf('acme/a', digest('a'), [made], [])).toMatchObject({ state: 'changes', outputBytes: made.estimate.outputBytes });
    expect(rowOf('acme/a', digest('a'), [{ ...made, action: 'unchanged' }], [])).toMatchObject({
      state: 'unchanged',
      outputBytes: 0,
      diskBytes: 0,
    });
    const full = blocked('disk', 'The disk is full.');
    expect(rowOf('acme/a', digest('a'), [made], [full])).toMatchObject({ state: 'blocked', reason: 'The disk is full.', outputBytes: 0 });
  });

  it('adds up bytes, and takes the largest disk need', () => {
    const totals = addRows(NO_TOTALS, [
      row('a'),
      row('b', { diskBytes: 50 }),
      plainRow('c', 'unchanged', null),
      plainRow('d', 'blocked', 'no'),
    ]);
    expect(totals).toEqual({ changes: 2, unchanged: 1, blocked: 1, fetchBytes: 20, outputBytes: 40, diskBytes: 50 });
    expect(totalsText(totals)).toBe('2 entries to publish (40 B in total, at most 50 B of disk per entry), 1 unchanged, 1 blocked');
    expect(totalsText(NO_TOTALS)).toBe('0 entries to publish, 0 unchanged, 0 blocked');
  });

  it('lists changes first, then blocked and unchanged entries', () => {
    const rows = [plainRow('a', 'unchanged', null), plainRow('b', 'blocked', 'x'), row('d'), row('c')];
    expect(sortRows(rows).map(({ entry }) => entry)).toEqual(['c', 'd', 'b', 'a']);
  });

  it('is escaped Markdown, and points to the rest of a long list', () => {
    const rows = [
      plainRow('a/b', 'blocked', '![x](https://evil.example) | <b>'),
      ...Array.from({ length: 150 }, (_, at) => row(`acme/e${at}`)),
    ];
    const text = campaignMarkdown({
      id: 'x',
      totals: addRows(NO_TOTALS, rows),
      plan: digest('a'),
      rows,
      more: 51,
      notes: ['[x](http://y)'],
      asks: true,
      stages: new Map([['building', 2]]),
    });
    expect(text).not.toMatch(/!\[|\]\(|<b>|https?:\/\//);
    expect(text).toContain('and 51 more entries; see all with');
    expect(text.split('\n').filter((line) => line.startsWith('| `acme/')).length).toBe(100);
    expect(text).toContain('`swp campaign show x`');
    expect(text).toContain(`"plan":\n"${'a'.repeat(64)}"`);
    expect(Buffer.byteLength(text)).toBeLessThan(20_000);
  });
});

describe('a decision about a campaign', () => {
  const message = { plan: 'a'.repeat(32), verdict: 'approve', reviewer: 'ada' };

  it('has the form of a plan decision, for all entries or for some', () => {
    expect(parseCampaignDecision(message)).toEqual(message);
    expect(parseCampaignDecision({ ...message, entries: ['acme/a'] })).toEqual({ ...message, entries: ['acme/a'] });
  });

  it.each([
    ['text', 'approve'],
    ['nothing', undefined],
    ['an unknown verdict', { ...message, verdict: 'yes' }],
    ['an unknown field', { ...message, force: true }],
    ['invalid names', { ...message, entries: ["a' OR '1'='1"] }],
  ])('is refused with %s', (_, input) => {
    expect(parseCampaignDecision(input)).toEqual({ fault: expect.stringMatching(/^Not a decision: /) });
  });

  it('names only entries of the campaign', () => {
    const items = [{ entry: 'acme/a', plan: digest('a') }];
    const decided = parseCampaignDecision({ ...message, entries: ['acme/a', 'acme/z'] }) as CampaignDecision;
    expect(unknownEntries(decided, items)).toBe('The campaign does not publish acme/z. Name only entries of the campaign.');
    expect(unknownEntries({ ...decided, entries: ['acme/a'] }, items)).toBe(null);
  });
});
