import { dirname, sep } from 'node:path';
import { SwpError, type ErrorKind } from '../../core/error.js';
import { pathExists } from '../../core/files.js';
import type { Files } from '../../core/machine.js';

interface Explanation {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** The properties of a Node file system error that are read here. `path` is absent if the file was already open. */
interface FileError extends Error {
  readonly code: string;
  readonly path?: string;
  readonly syscall?: string;
}

/** Returns true for an error with a system code. Codes of Node (`ERR_…`) and of SWP have other forms. */
const isFileError = (error: unknown): error is FileError =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && /^E[A-Z0-9]+$/.test(error.code);

/** Codes of errors on open files, which have no path. Connections to the Hub fail with other codes. */
const OPEN_FILE_CODES = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO']);

/** Returns true if the file system has no free inode: it may still have free space. Some file systems count no inodes. */
const hasNoInodes = async (files: Files, root: string): Promise<boolean> => {
  // The scratch itself may not exist, if creating it failed.
  if (!(await pathExists(files, root))) return dirname(root) !== root && hasNoInodes(files, dirname(root));
  try {
    const { files: inodes, ffree } = await files.statfs(root);
    return inodes > 0 && ffree === 0;
  } catch {
    return false;
  }
};

const full = async (root: string, _error: unknown, files: Files): Promise<Explanation> =>
  (await hasNoInodes(files, root))
    ? {
        kind: 'quota',
        code: 'scratch/no-inodes',
        message: `The file system of ${root} has no inodes left: it cannot hold more files, even if space is free.`,
        hint: 'Delete files on it, for example many small ones, then retry: SWP checks and keeps the files that it has written.',
      }
    : {
        kind: 'quota',
        code: 'scratch/full',
        message: `The disk of ${root} is full.`,
        hint: 'Free space on it, then retry: SWP checks and keeps the files that it has written.',
      };

const noDirectory = (_root: string, { path }: { readonly path: string }): Explanation => ({
  kind: 'invalid',
  code: 'scratch/not-a-directory',
  message: `${path} is not a directory, or something above it is not.`,
  hint: 'Move away the file that is in its place, or set SWP_SCRATCH to another directory.',
});

const noAccess = (_root: string, { path }: { readonly path: string }): Explanation => ({
  kind: 'invalid',
  code: 'scratch/no-access',
  message: `This user has no access to ${path}.`,
  hint: 'Give the directory to the user that the worker runs as, or set SWP_SCRATCH to another directory.',
});

const noLocks = (root: string): Explanation => ({
  kind: 'invalid',
  code: 'scratch/no-locks',
  message: `The file system of ${root} has no file locks.`,
  hint: 'Set SWP_SCRATCH to a directory on a local disk.',
});

type Explain = (root: string, error: { readonly path: string }, files: Files) => Explanation | Promise<Explanation>;

const EXPLANATIONS: Readonly<Record<string, Explain>> = {
  ENOSPC: full,
  EDQUOT: full,
  EROFS: (root) => ({
    kind: 'invalid',
    code: 'scratch/read-only',
    message: `${root} is on a read-only file system.`,
    hint: 'Mount it writable. The kernel log shows if a disk fault made it read-only.',
  }),
  EACCES: noAccess,
  EPERM: noAccess,
  ENOTDIR: noDirectory,
  EEXIST: noDirectory,
  ELOOP: noDirectory,
  ENOENT: (root) => ({
    kind: 'invalid',
    code: 'scratch/missing',
    message: `${root} is gone.`,
    hint: 'Mount its disk again, or restart the worker: it creates a new directory.',
  }),
  EIO: (root) => ({
    kind: 'invalid',
    code: 'scratch/io',
    message: `The disk of ${root} fails to read or write.`,
    hint: 'Check the kernel log; then retry, or set SWP_SCRATCH to a directory on another disk.',
  }),
  ENOLCK: noLocks,
  ENOTSUP: noLocks,
  EOPNOTSUPP: noLocks,
};

const isBelow = (path: string, root: string): boolean => path === root || path.startsWith(root + sep);

/** Returns true if a file system error concerns the scratch. Some codes do so only under a condition. */
const isAboutScratch = async (files: Files, { code, path, syscall }: FileError, root: string): Promise<boolean> => {
  if (path === undefined ? !OPEN_FILE_CODES.has(code) : !isBelow(path, root)) return false;
  if (code === 'EEXIST') return syscall === 'mkdir';
  return code !== 'ENOENT' || !(await pathExists(files, root));
};

const explain = async (files: Files, error: FileError, root: string): Promise<SwpError | null> => {
  const explained = await EXPLANATIONS[error.code]?.(root, { path: error.path ?? root }, files);
  if (explained === undefined) return null;
  const { kind, code, message, hint } = explained;
  return new SwpError(kind, code, message, { hint, cause: error });
};

/** Turns a file system error below a scratch into one with a cause and a hint. Returns any other error unchanged. */
export const explainFailure = async (files: Files, error: unknown, root: string): Promise<unknown> =>
  isFileError(error) && (await isAboutScratch(files, error, root)) ? ((await explain(files, error, root)) ?? error) : error;

/**
 * Returns the error for a process that cannot open its scratch. Its kind is always `invalid`, as for a wrong setting: a
 * person has to change something before the process can run.
 */
export const refuseAtStart = async (files: Files, error: unknown, root: string): Promise<unknown> => {
  if (!isFileError(error)) return error;
  const { code, message, hint } = (error.code === 'ENOENT' ? null : await explain(files, error, root)) ?? {
    code: 'scratch/unusable',
    message: `${root} cannot be used.`,
    hint: 'Set SWP_SCRATCH to another directory.',
  };
  return new SwpError('invalid', code, message, { cause: error, ...(hint === undefined ? {} : { hint }) });
};
