import type { Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { SwpError } from '../../core/error.js';
import { nullIfMissing, listOrEmpty, makeDirectory } from '../../core/files.js';
import type { Machine } from '../../core/machine.js';
import { refuseAtStart } from './explain-failure.js';
import { scratchIn, type ScratchLayout } from './scratch-layout.js';

/** Write permission of the group and of all others. */
const WRITABLE_BY_OTHERS = 0o022;
const WRITABLE_BY_ALL = 0o002;
const STICKY = 0o1000;
const ROOT_USER = 0;

type Owned = Pick<Machine, 'files' | 'userId'>;

const unsafe = (path: string, problem: string, hint: string): SwpError =>
  new SwpError('invalid', 'scratch/unsafe', `${path} ${problem}.`, { hint });

/**
 * Rejects a path that another user may have created or can still change: planted bytes would be published under an approved
 * plan.
 */
const assertOwn = (path: string, found: Stats, uid: number | undefined): void => {
  if (found.isSymbolicLink())
    throw unsafe(path, 'is a symbolic link', 'SWP follows no links in its scratch. Delete the link: SWP builds its content again.');
  if (!found.isFile() && !found.isDirectory())
    throw unsafe(path, 'is neither a file nor a directory', 'Delete it: SWP creates only files and directories.');
  if (uid !== undefined && found.uid !== uid)
    throw unsafe(
      path,
      `belongs to user ${found.uid}, and this process runs as user ${uid}`,
      'Run SWP as that user, or set SWP_SCRATCH to another directory. If you trust everything in it, chown -R gives it to this user.',
    );
  if ((found.mode & WRITABLE_BY_OTHERS) !== 0)
    throw unsafe(
      path,
      `can be written by others (mode 0${(found.mode & 0o7777).toString(8)})`,
      'If you trust everything in it, run chmod -R go-w on it. Otherwise delete it: SWP builds it again.',
    );
};

/**
 * Checks a directory and everything below it: each path must belong to this user, must not be a link or a special file,
 * and must be writable by this user only.
 *
 * @throws SwpError `scratch/unsafe`
 */
export const checkScratch = async (machine: Owned, path: string): Promise<void> => {
  const { files, userId } = machine;
  const found = await nullIfMissing(files.lstat(path));
  if (found === null) return;
  assertOwn(path, found, userId);
  if (!found.isDirectory()) return;
  const names = await listOrEmpty(files, path);
  await Promise.all(names.map((name) => checkScratch(machine, join(path, name))));
};

/**
 * Opens the scratch below the configured directory: creates it if it is missing, and checks it. No other user can enter it
 * afterwards (mode 0700), so no link can be planted below it later, and files in it are opened without further checks.
 *
 * @throws SwpError `scratch/…` of kind `invalid`
 */
export const openScratch = async (machine: Owned, configured: string): Promise<ScratchLayout> => {
  const { files } = machine;
  const layout = scratchIn(configured);
  try {
    await makeDirectory(files, layout.root);
    await checkScratch(machine, layout.root);
    await files.chmod(layout.root, 0o700);
    // Created in advance: on a full disk, nothing could be moved to the trash without it.
    await makeDirectory(files, layout.trash);
    return layout;
  } catch (error) {
    throw await refuseAtStart(files, error, layout.root);
  }
};

/**
 * Checks before a step that the scratch is still this user's directory: a user with write access to its parent could have
 * replaced it.
 *
 * @throws SwpError `scratch/unsafe`
 */
export const assertOwnDirectory = async ({ files, userId }: Owned, root: string): Promise<void> =>
  assertOwn(root, await files.lstat(root), userId);

/**
 * Returns other users who may replace the entries of a directory: its owner and, without the sticky bit, all users if
 * they have write access; null if there are none.
 */
export const replaceableBy = ({ mode, uid: owner }: Pick<Stats, 'mode' | 'uid'>, uid: number | undefined): string | null => {
  if ((mode & WRITABLE_BY_ALL) !== 0 && (mode & STICKY) === 0) return 'anyone on this machine';
  return uid === undefined || owner === uid || owner === ROOT_USER ? null : `user ${owner}`;
};

/**
 * Returns a warning if other users may replace the scratch; null otherwise. Group write access is no reason to warn:
 * volumes of containers are shared with their user in this way.
 */
export const parentWarning = async ({ files, userId }: Owned, configured: string): Promise<string | null> => {
  const parent = dirname(scratchIn(configured).root);
  const others = replaceableBy(await files.stat(parent), userId);
  return others === null
    ? null
    : `${parent} lets ${others} replace the scratch in it: give it to the worker's user, or set SWP_SCRATCH to another directory.`;
};
