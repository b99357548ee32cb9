import { describe, expect, it } from 'vitest';
import { checkCollisions, checkNames } from '../../plan/path-checks.js';

const collisions = (written: readonly string[], others: readonly string[] = []) =>
  checkCollisions(new Set([...written, ...others]), new Set(written));

describe('names that collide on some file system', () => {
  it.each([
    ['other capitals of one of our names', ['README.md', 'README.MD']],
    ['other capitals of the record', ['provenance.json', 'Provenance.json']],
    ['other capitals of .gitattributes', ['.gitattributes', '.gitAttributes']],
    ['a composed and a decomposed letter', ['caf\u00e9.json', 'cafe\u0301.json']],
    ['capitals and a decomposed letter', ['CAF\u00c9.json', 'cafe\u0301.json']],
    ['letters whose capitals are equal', ['stra\u00dfe', 'STRASSE']],
    ['a character that macOS ignores', ['README.md', 'READ\u200cME.md']],
    ['a folder with the name of a file', ['README.md', 'readme.md/notes.txt']],
    ['a nested folder with the name of a file', ['a/b', 'A/B/c']],
  ])('are blocked: %s', (_, paths) => {
    expect(collisions(paths)).toMatchObject([{ code: 'path-collision', verdict: 'blocked' }]);
    expect(collisions(paths.slice(0, 1), paths.slice(1))).toMatchObject([{ verdict: 'blocked' }]);
    expect(collisions(paths.slice(1), paths.slice(0, 1))).toMatchObject([{ verdict: 'blocked' }]);
  });

  it('are shown with escapes for invisible characters', () => {
    expect(collisions(['README.md', 'READ\u200bME.md'])[0]?.message).toContain('README.md and READ\\u{200b}ME.md');
  });

  it('are allowed in the target when neither is written', () => {
    expect(collisions(['config.json'], ['notes.txt', 'Notes.txt'])).toEqual([]);
  });

  it('are found among many deep and similar names', () => {
    const deep = Array.from({ length: 5_000 }, (_, at) => `${'a/'.repeat(400)}${at}`);
    const alike = Array.from({ length: 2 ** 14 }, (_, at) =>
      Array.from('abcdefghijklmn', (letter, bit) => ((at >> bit) & 1 ? letter.toUpperCase() : letter)).join(''),
    );
    const [check] = collisions(['a', ...deep, ...alike]);
    expect(check?.message).toMatch(/^Some file systems cannot store these paths together: .* and \d+ more\.$/);
  });

  it('do not include different names, folders in other capitals or a replaced file', () => {
    expect(collisions(['README.md', 'a/x', 'A/y'], ['README.md', 'LICENSE'])).toEqual([]);
  });
});

describe('the check of a name', () => {
  it.each([
    'con',
    'aux.txt',
    'nested/NUL.json',
    'com1.bin',
    'LPT\u00b9',
    'con .txt',
    'ends.',
    'ends ',
    'folder./file',
    'a:b',
    'a?b',
    'a"b',
    'a|b',
    'a\\b',
    'bell\u0007',
    'next\u0085line',
    'x'.repeat(256),
    '\u00e9'.repeat(128),
    '.git/config',
    'nested/.GIT',
    '.g\u200cit/hooks/post-checkout',
    'git~1/config',
    'half \ud800',
    'a//b',
    '../a',
  ])('blocks %j', (path) => {
    expect(checkNames([path, 'config.json'])).toMatchObject([{ code: 'path-name', verdict: 'blocked' }]);
  });

  it.each([
    'config.json',
    '.gitattributes',
    '.gitignore',
    'git',
    'console.log',
    'auxiliary.txt',
    'com10',
    'x'.repeat(255),
    '\u65e5\u672c\u8a9e.json',
    'v1.2/~notes',
  ])('accepts %s', (path) => {
    expect(checkNames([path])).toEqual([]);
  });

  it('escapes control characters in a blocked name, and gives the reason', () => {
    const [check] = checkNames(['aux.txt', 'a\u202eb\u0007', 'dot.']);
    expect(check?.message).toBe(
      '3 files have names that some systems cannot store: aux.txt (a name reserved by Windows), a\\u{202e}b\\u{7} (a control character), dot. (a dot or a space at the end).',
    );
  });
});
