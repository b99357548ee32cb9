import { compareBytes, sanitizeLine, plural, truncateList } from '../core/text.js';
import { blocked, type Check } from './checks.js';

/** Longest name of a file or folder that Linux, macOS and git accept, in bytes. */
const MAX_NAME_BYTES = 255;
/** Invisible characters, which HFS+ ignores when it compares names. */
const IGNORED = /\p{Default_Ignorable_Code_Point}/gu;

/**
 * Returns a key for comparison. macOS and Windows ignore case and Unicode forms, so paths with equal keys are one file
 * there.
 */
const keyOf = (path: string): string => path.replace(IGNORED, '').normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');

/** Formats a path so that its characters cannot be confused: everything but printable ASCII as a code point. */
const asciiText = (path: string): string =>
  sanitizeLine(
    path.replace(/[^ -~]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`),
    200,
  );

interface KeyedPath {
  readonly path: string;
  /** Uses a separator that sorts before all other characters, so that the content of a folder follows the folder. */
  readonly key: string;
}

/** Returns true for another spelling of the same path, or for a path in a folder of that path. */
const isSameOrWithin = ({ key }: KeyedPath, other: KeyedPath): boolean => key === other.key || key.startsWith(`${other.key}\0`);

/** Returns pairs of colliding paths: at least one pair for each path that collides. */
const collidingPairs = (paths: Iterable<string>): (readonly [string, string])[] => {
  const sorted = Array.from(paths, (path): KeyedPath => ({ path, key: keyOf(path).split('/').join('\0') })).toSorted((a, b) =>
    a.key === b.key ? compareBytes(a.path, b.path) : a.key < b.key ? -1 : 1,
  );
  const pairs: (readonly [string, string])[] = [];
  const open: KeyedPath[] = [];
  for (const item of sorted) {
    for (let last = open.at(-1); last !== undefined && !isSameOrWithin(item, last); last = open.at(-1)) open.pop();
    const other = open.at(-1);
    if (other !== undefined) pairs.push([other.path, item.path]);
    if (other?.key !== item.key) open.push(item);
  }
  return pairs;
};

/**
 * Checks for files that one file system cannot hold beside each other: two spellings of one path, or a folder in the place
 * of a file. A download loses one of them without an error.
 *
 * @param after all paths of the target after the commit
 * @param written the paths among them that we write
 */
export const checkCollisions = (after: Iterable<string>, written: ReadonlySet<string>): Check[] => {
  const ours = collidingPairs(after).filter((pair) => pair.some((path) => written.has(path)));
  if (ours.length === 0) return [];
  return [
    blocked(
      'path-collision',
      `Some file systems cannot store these paths together: ${truncateList(ours.map((pair) => pair.map(asciiText).join(' and ')))}.`,
      'Rename or delete one path of each pair in the target, or publish from a source without such names.',
    ),
  ];
};

/** Names of Windows devices, with any extension (learn.microsoft.com, "Naming Files, Paths, and Namespaces"). */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(?:\.|$)/i;

/** Returns true for a name that git treats as its own folder, under the rules of any file system (git, `verify_path`). */
const isGitFolder = (name: string): boolean => /^(?:\.git|git~1)[. ]*$/.test(keyOf(name));

const nameFault = (name: string): string | null => {
  if (name === '' || name === '.' || name === '..') return 'an empty or relative name';
  if (!name.isWellFormed()) return 'invalid Unicode';
  if (/\p{Cc}/u.test(name) || /[\u2028-\u202e\u2066-\u2069]/.test(name)) return 'a control character';
  if (isGitFolder(name)) return 'a name reserved by git';
  if (DEVICE.test(name)) return 'a name reserved by Windows';
  if (/[. ]$/.test(name)) return 'a dot or a space at the end';
  if (/[<>:"\\|?*]/.test(name)) return 'a character that Windows refuses';
  return new TextEncoder().encode(name).byteLength > MAX_NAME_BYTES ? `a name of more than ${MAX_NAME_BYTES} bytes` : null;
};

/** Checks the written paths for names that Windows, macOS, Linux or git refuse. */
export const checkNames = (written: Iterable<string>): Check[] => {
  const faults = [...written].flatMap((path) => {
    const fault = path
      .split('/')
      .map(nameFault)
      .find((found) => found !== null);
    return fault === undefined ? [] : [`${asciiText(path)} (${fault})`];
  });
  if (faults.length === 0) return [];
  return [
    blocked(
      'path-name',
      `${plural(faults.length, 'file')} ${faults.length === 1 ? 'has a name' : 'have names'} that some systems cannot store: ${truncateList(faults)}.`,
      'Publish from a source without such names.',
    ),
  ];
};
