import { describe, expect, it } from 'vitest';
import { checkCounts, checkFileSizes } from '../../plan/hub-limits.js';

const many = (count: number, folder = ''): Set<string> => new Set(Array.from({ length: count }, (_, at) => `${folder}${at}`));
const verdicts = (checks: readonly { readonly code: string; readonly verdict: string }[]): string[] =>
  checks.map(({ code, verdict }) => `${code} ${verdict}`);

describe("the Hub's limits", () => {
  it('accept a file of 200 GB, warn of a larger one, and block one over 500 GB', () => {
    const sizes = (size: number): string[] => verdicts(checkFileSizes([{ path: 'a', size }]));
    expect(sizes(200e9)).toEqual([]);
    expect(sizes(200e9 + 1)).toEqual(['file-size warn']);
    expect(sizes(500e9)).toEqual(['file-size warn']);
    expect(sizes(500e9 + 1)).toEqual(['file-size blocked']);
  });

  it('accept a hundred files in a commit, and warn of more', () => {
    expect(checkCounts(many(100), 100)).toEqual([]);
    expect(verdicts(checkCounts(many(101), 101))).toEqual(['commit-files warn']);
  });

  it('accept ten thousand entries in a folder, at any depth, including folders', () => {
    expect(checkCounts(many(10_000, 'a/b/'), 1)).toEqual([]);
    const [check] = checkCounts(new Set([...many(10_000, 'a/b/'), 'a/b/c/d']), 1);
    expect(check).toMatchObject({
      code: 'folder-entries',
      verdict: 'blocked',
      message: expect.stringContaining('a/b would have 10,001 entries'),
    });
    expect(verdicts(checkCounts(many(10_001), 1))).toEqual(['folder-entries blocked']);
  });

  it('accept a hundred thousand files in a repository', () => {
    const files = (count: number): Set<string> => new Set(Array.from({ length: count }, (_, at) => `${at % 100}/${at}`));
    expect(checkCounts(files(100_000), 1)).toEqual([]);
    expect(verdicts(checkCounts(files(100_001), 1))).toEqual(['file-count blocked']);
  });
});
