import { describe, expect, it } from 'vitest';
import { digestOf } from '../../core/digests.js';
import { checkTarget, targetOperations, type WantedFile } from '../../plan/target-operations.js';
import { absentTarget, bytesFile, commit, plan, publishedTarget } from './fixtures.js';

const wanted = (path: string, same = false): WantedFile => ({ path, reason: 'because', same });
/** A target with files that SWP did not publish. */
const foreign = (...paths: readonly string[]) => ({
  ...absentTarget(),
  exists: true,
  head: commit('c'),
  files: paths.map((path) => bytesFile(path, Buffer.from(path))),
});

describe('the operations on a target', () => {
  it.each([
    [true, 'private'],
    [false, 'public'],
  ])('create an absent target, private: %s', (isPrivate, word) => {
    expect(targetOperations(absentTarget(), isPrivate, [wanted('a')])).toEqual([
      { op: 'create', private: isPrivate, reason: `the target does not exist yet, or is empty; it will be ${word}` },
      { op: 'add', path: 'a', reason: 'because' },
    ]);
  });

  it('keep foreign files, and name the first ten in order', () => {
    const paths = Array.from({ length: 12 }, (_, at) => `theirs-${String(at).padStart(2, '0')}`);
    expect(targetOperations(foreign(...paths.toReversed()), false, [wanted('a')]).at(-1)).toEqual({
      op: 'keep-foreign',
      count: 12,
      digest: digestOf(paths),
      first: paths.slice(0, 10),
    });
  });

  it('mention foreign files only when there are some', () => {
    expect(targetOperations(foreign('a'), false, [wanted('a')])).toEqual([{ op: 'replace', path: 'a', reason: 'because' }]);
    expect(targetOperations({ ...foreign('b'), head: null }, false, []).map(({ op }) => op)).toEqual(['create']);
  });
});

describe('the check of a target', () => {
  it('warns only of foreign files that would be replaced', () => {
    const target = foreign('README.md', 'same', 'theirs');
    expect(checkTarget(target, [wanted('README.md'), wanted('same', true), wanted('new')])).toMatchObject([
      { code: 'target-foreign', message: expect.stringMatching(/ This plan would replace them: README\.md\.$/) },
    ]);
    expect(checkTarget(target, [wanted('same', true), wanted('new')])).toEqual([]);
    expect(checkTarget({ ...target, head: null }, [wanted('README.md')])).toEqual([]);
  });

  it('does not warn of our own files', () => {
    expect(checkTarget(publishedTarget(plan()), [wanted('README.md')])).toEqual([]);
  });
});
