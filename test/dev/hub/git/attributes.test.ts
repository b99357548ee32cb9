import { describe, expect, it } from 'vitest';
import { DEFAULT_GITATTRIBUTES, ignoreMatcher, lfsMatcher } from '../../../../dev/hub/git/attributes.js';

describe('lfsMatcher', () => {
  it.each([
    ['model.safetensors', true],
    ['deep/down/model.safetensors', true],
    ['saved_model/1/assets/x', true],
    ['other/saved_model/x', false],
    ['run.tfevents.123', true],
    ['tfevents', true],
    ['a.tar.gz', true],
    ['README.md', false],
    ['safetensors', false],
    ['model.safetensors.index.json', false],
  ])("classifies %s by the Hub's default attributes", (path, lfs) => {
    expect(lfsMatcher(DEFAULT_GITATTRIBUTES)(path)).toBe(lfs);
  });

  it('applies the last matching line', () => {
    const matches = lfsMatcher('*.bin filter=lfs diff=lfs\nsmall.bin -filter\n# *.txt filter=lfs\n');
    expect([matches('a/big.bin'), matches('a/small.bin'), matches('a.txt')]).toEqual([true, false, false]);
  });
});

describe('ignoreMatcher', () => {
  it('ignores names, folders and patterns, except negated ones', () => {
    const ignored = ignoreMatcher('*.log\n!keep.log\n/build/\ncache\n');
    expect(['a.log', 'x/a.log', 'keep.log', 'build/a', 'x/build/a', 'x/cache/y', 'cached'].map(ignored)).toEqual([
      true,
      true,
      false,
      true,
      false,
      true,
      false,
    ]);
  });
});
