import { describe, expect, it } from 'vitest';
import { blobId, commitId, treeIds } from '../../../../dev/hub/git/objects.js';

const text = (value: string): Uint8Array => Buffer.from(value);

/** The expected ids were made with git 2: `hash-object`, `write-tree`, `commit-tree`. */
describe('git ids', () => {
  it('gives a blob the id that git gives it', () => {
    expect(blobId(text('hello\n'))).toBe('ce013625030ba8dba906f756967f9e9ca394464a');
  });

  it('gives the empty tree the id that git gives it', () => {
    expect(treeIds(new Map()).get('')).toBe('4b825dc642cb6eb9a060e54bf8d69288fbee4904');
  });

  it('orders a directory among files as git does', () => {
    const files = new Map(
      Object.entries({ 'foo/bar/a.txt': 'hello\n', 'foo.txt': 'x', 'foo-z': '', 'é.txt': 'é' }).map(([path, value]) => [
        path,
        blobId(text(value)),
      ]),
    );
    const ids = treeIds(files);
    expect(Object.fromEntries(ids)).toEqual({
      '': '161458d8a730c1c794360bde9a1ee7fdd6bc3e28',
      foo: 'e249798acf5b3af4e301631e530352c51ef8a3d4',
      'foo/bar': '2e81171448eb9f2ee3821e3d447aa6b2fe3ddba1',
    });
  });

  it('gives a commit the id that git gives it', () => {
    const commit = { tree: '161458d8a730c1c794360bde9a1ee7fdd6bc3e28', user: 'ada', at: 1_700_000_000_999 };
    const first = commitId({ ...commit, parent: undefined, title: 'title', body: 'body' });
    expect(first).toBe('8a41bd1226718b84efde711f4799e4ee735aad66');
    expect(commitId({ ...commit, parent: first, title: 'next', body: '' })).toBe('d18c4cec522b92d23b92019307fba9ed08cbfa5a');
  });
});
