import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RepoId } from '../../../core/ids.js';
import { boundFindings, chainFindings, repairDigest, repairsOf } from '../../../plan/findings/finding-digests.js';
import { mergeRepairs } from '../../../plan/findings/repair.js';
import { finding, type FleetFinding } from '../../../plan/findings/finding.js';
import { shareOf, weekOf } from '../../../plan/findings/share.js';
import { joinTables, NO_FINDINGS, tableOf } from '../../../plan/findings/finding-table.js';
import { findingsMarkdown } from '../../../plan/render/findings-markdown.js';

const at = (entry: string | null, code: FleetFinding['code'], message = 'm', path: string | null = null): FleetFinding => ({
  entry,
  target: RepoId.parse('acme/t'),
  ...finding(code, message, path),
});

describe('a share of the files', () => {
  const files = fc.uniqueArray(fc.record({ path: fc.string({ minLength: 1 }), size: fc.nat({ max: 1e12 }) }), {
    selector: ({ path }) => path,
  });

  it('has each file once in a cycle of weeks', () => {
    fc.assert(
      fc.property(fc.string(), files, fc.integer({ min: 1, max: 12 }), fc.nat({ max: 5000 }), (target, list, weeks, week) => {
        const shares = Array.from({ length: weeks }, (_, later) => [...shareOf(target, list, weeks, week + later)]).flat();
        expect(shares.toSorted()).toEqual(list.map(({ path }) => path).toSorted());
      }),
    );
  });

  it('depends only on the files and the week, not on the order', () => {
    fc.assert(
      fc.property(files, fc.nat({ max: 5000 }), (list, week) => {
        expect(shareOf('acme/t', list.toReversed(), 4, week)).toEqual(shareOf('acme/t', list, 4, week));
        expect(shareOf('ACME/t', list, 4, week + 4)).toEqual(shareOf('acme/t', list, 4, week));
      }),
    );
  });

  it('is at most a fair part plus the largest file', () => {
    fc.assert(
      fc.property(files, fc.integer({ min: 1, max: 8 }), fc.nat({ max: 50 }), (list, weeks, week) => {
        const share = shareOf('acme/t', list, weeks, week);
        const bytes = list.filter(({ path }) => share.has(path)).reduce((sum, { size }) => sum + size, 0);
        const all = list.reduce((sum, { size }) => sum + Math.max(1, size), 0);
        expect(bytes).toBeLessThanOrEqual(all / weeks + Math.max(1, ...list.map(({ size }) => size)));
      }),
    );
  });

  it('changes on Mondays, in UTC', () => {
    const week = weekOf(Date.parse('2026-11-23T00:00:00Z'));
    expect(weekOf(Date.parse('2026-11-29T23:59:59Z'))).toBe(week);
    expect(weekOf(Date.parse('2026-11-30T00:00:00Z'))).toBe(week + 1);
    expect(weekOf(Date.parse('2026-11-22T23:59:59Z'))).toBe(week - 1);
  });
});

it('merges the repairs of an entry in any order, with one digest', () => {
  const [one, two] = [
    repairsOf([at('a', 'file-gone', 'x')]),
    repairsOf([{ ...at('a', 'card-differs', 'y'), target: RepoId.parse('acme/u') }]),
  ];
  const [merged] = mergeRepairs([...one, ...two]);
  const [other] = mergeRepairs([...two, ...one]);
  expect(mergeRepairs([...one, ...two])).toHaveLength(1);
  expect(repairDigest(merged!)).toBe(repairDigest(other!));
  expect(repairDigest(merged!)).not.toBe(repairDigest(one[0]!));
});

describe('findings', () => {
  it('are summarised beyond the limit of a target, with their count and digest', () => {
    const many = Array.from({ length: 60 }, (_, file) => finding('file-differs', `f${file} differs.`, `f${file}`));
    const bound = boundFindings(many);
    expect(bound).toHaveLength(51);
    expect(bound[50]!.message).toMatch(/^and 10 more findings \(sha256:[0-9a-f]{64}\)/);
    const commits = Array.from({ length: 60 }, (_, of) => finding('foreign-commit', `Commit ${of}`));
    expect(boundFindings([...commits, ...many]).filter(({ code }) => code === 'file-differs')).toHaveLength(51);
    expect(boundFindings([...many.slice(0, 59), finding('file-gone', 'x', 'f59')])[50]).not.toEqual(bound[50]);
    expect(boundFindings(many.slice(0, 51))).toHaveLength(51);
  });

  it('form a table that lists attention first and has a digest of all', () => {
    const list = [at('a', 'source-moved'), at('b', 'file-gone'), at('c', 'card-differs')];
    const table = tableOf(list, chainFindings(null, list), 2);
    expect(table.rows.map(({ code }) => code)).toEqual(['file-gone', 'card-differs']);
    expect(table).toMatchObject({ attention: 2, integrity: 2, info: 1 });
    const mild = Array.from({ length: 5 }, (_, of) => ({ ...at('m', 'source-differs', String(of)) }));
    expect(tableOf([...mild, ...list], null, 2).rows.map(({ code }) => code)).toEqual(['file-gone', 'card-differs']);
    expect(chainFindings(null, [...list, at('d', 'file-gone')])).not.toBe(table.digest);
    expect(chainFindings('before', [])).toBe('before');
    expect(joinTables(NO_FINDINGS, table, 1)).toMatchObject({ rows: [list[1]], attention: 2, info: 1, digest: table.digest });
  });

  it('ask for the same repair in any order, also beside findings that no publish fixes', () => {
    const list = [at('a', 'file-gone', 'x'), at('a', 'card-differs', 'y')];
    const [repair] = repairsOf(list);
    expect(repairsOf(list.toReversed())).toEqual([repair]);
    expect(repairsOf([...list, at('a', 'foreign-commit', 'z'), at('b', 'source-moved')])).toEqual([repair]);
    const moved = (message: string) => ({ ...at('a', 'source-differs', message), key: 'k' });
    expect(repairsOf([moved('to commit x')])).toEqual(repairsOf([moved('to commit y')]));
    expect(repairsOf([at('a', 'file-gone', 'other')])).not.toEqual([repair]);
    expect(repairsOf([at('a', 'bytes-differ'), at(null, 'catalog-invalid'), at('a', 'target-absent')])).toEqual([]);
  });

  it('are rendered as escaped Markdown', () => {
    const hostile = at('a/b', 'file-gone', '![x](https://evil.example/x.png) <b>|\n# no');
    const findings = tableOf([hostile], null);
    const run = { which: 'nightly', targets: 3, filesRead: 0, bytesRead: 0, ofBytes: 0, findings, repairs: [], repairsWanted: 0 } as const;
    const text = findingsMarkdown({ ...run, repairs: [{ entry: 'a/b', outcome: 'refused', reason: '[x](http://y)' }] });
    expect(text).toMatch(
      /^## Re-validation, nightly: 1 finding in 3 targets\n\nCompared with the listing of the Hub; no bytes were read back\.\n/,
    );
    expect(text).not.toMatch(/!\[|\]\(|<b>|https?:\/\//);
    expect(text.split('\n').filter((line) => line.startsWith('#'))).toHaveLength(1);
  });
});
