import { formatBytes, plural } from '../core/text.js';
import { blocked, warn, type Check } from './checks.js';
import type { RepoFile } from '../hub/repo-file.js';

/** hub-docs, `storage-limits.md`: a file has at most 500 GB, and should not exceed 200 GB. */
const FILE_LIMIT = 500e9;
const FILE_ADVICE = 200e9;
/** The same page limits files in a repository and entries in a folder. Its limit of files in a commit is advice. */
const REPO_FILES = 100_000;
const FOLDER_ENTRIES = 10_000;
const COMMIT_FILES = 100;

/** Checks that the Hub accepts files of these sizes, in bytes. */
export const checkFileSizes = (files: readonly Pick<RepoFile, 'path' | 'size'>[]): Check[] =>
  files.flatMap(({ path, size }) => {
    if (size > FILE_LIMIT)
      return [
        blocked('file-size', `${path} would have ${formatBytes(size)}; the Hub accepts at most ${formatBytes(FILE_LIMIT)} per file.`),
      ];
    return size > FILE_ADVICE
      ? [warn('file-size', `${path} would have ${formatBytes(size)}; the Hub advises against files over ${formatBytes(FILE_ADVICE)}.`)]
      : [];
  });

/** Returns the folder with the most entries (files and folders), and their number. */
const fullestFolder = (paths: Iterable<string>): { readonly folder: string; readonly entries: number } => {
  const entries = new Map<string, Set<string>>();
  for (const path of paths) {
    const parts = path.split('/');
    for (const [depth, name] of parts.entries()) {
      const folder = parts.slice(0, depth).join('/');
      const found = entries.get(folder) ?? new Set();
      entries.set(folder, found.add(name));
    }
  }
  return [...entries]
    .map(([folder, names]) => ({ folder: folder === '' ? 'the root' : folder, entries: names.size }))
    .reduce((most, one) => (one.entries > most.entries ? one : most), { folder: 'the root', entries: 0 });
};

/**
 * Checks that the Hub accepts the repository as the commit would leave it.
 *
 * @param after all paths of the target after the commit
 * @param written number of files in the commit
 */
export const checkCounts = (after: ReadonlySet<string>, written: number): Check[] => {
  const checks: Check[] = [];
  if (after.size > REPO_FILES)
    checks.push(
      blocked('file-count', `The target would have ${plural(after.size, 'file')}; the Hub accepts at most ${plural(REPO_FILES, 'file')}.`),
    );
  const { folder, entries } = fullestFolder(after);
  if (entries > FOLDER_ENTRIES)
    checks.push(
      blocked(
        'folder-entries',
        `${folder} would have ${plural(entries, 'entry', 'entries')}; the Hub accepts at most ${plural(FOLDER_ENTRIES, 'entry', 'entries')}.`,
      ),
    );
  if (written > COMMIT_FILES)
    checks.push(
      warn(
        'commit-files',
        `The commit has ${plural(written, 'file')}. The Hub recommends at most ${COMMIT_FILES}, and a larger commit may time out.`,
      ),
    );
  return checks;
};
