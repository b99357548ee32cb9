import { existsSync, statfsSync } from 'node:fs';
import { dirname, sep } from 'node:path';
import { SwpError, type ErrorKind } from '../../core/error.js';

interface Explanation {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** The parts of an error of Node's file system that are read here; `path` is absent where a file was open already. */
interface FileError extends Error {
  readonly code: string;
  readonly path?: string;
  readonly syscall?: string;
}

/** The system's own codes; those of Node (`ERR_…`) and of SWP are others. */
const isFileError = (error: unknown): error is FileError =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && /^E[A-Z0-9]+$/.test(error.code);

/** Failures of an open file, which name no path: the Hub's connections fail with other codes. */
const OF_OPEN_FILES = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO']);

/** How many files a file system can hold, and how many more; none where it does not count them. */
type CountInodes = (root: string) => { readonly files: number; readonly ffree: number };

/** A file system may have free space and no inode for one more file. */
const hasNoInodes = (root: string, count: CountInodes): boolean => {
  // It may be the scratch itself that could not be made.
  if (!existsSync(root)) return dirname(root) !== root && hasNoInodes(dirname(root), count);
  try {
    const { files, ffree } = count(root);
    return files > 0 && ffree === 0;
  } catch {
    return false;
  }
};

const full = (root: string, _error: unknown, count: CountInodes): Explanation =>
  hasNoInodes(root, count)
    ? {
        kind: 'quota',
        code: 'scratch/no-inodes',
        message: `The file system of ${root} has no inodes left: it takes no more files, whatever space is free.`,
        hint: 'Delete files on it, many small ones for example, then retry: what was written is checked and used again.',
      }
    : {
        kind: 'quota',
        code: 'scratch/full',
        message: `The disk of ${root} is full.`,
        hint: 'Free space on it, then retry: what was written is checked and used again.',
      };

const noDirectory = (_root: string, { path }: { readonly path: string }): Explanation => ({
  kind: 'invalid',
  code: 'scratch/not-a-directory',
  message: `${path} is not a directory, or something above it is not.`,
  hint: 'Move away the file that is in its place, or let SWP_SCRATCH name another directory.',
});

const noAccess = (_root: string, { path }: { readonly path: string }): Explanation => ({
  kind: 'invalid',
  code: 'scratch/no-access',
  message: `This user may not use ${path}.`,
  hint: 'Give the directory to the user that the worker runs as, or let SWP_SCRATCH name another one.',
});

const noLocks = (root: string): Explanation => ({
  kind: 'invalid',
  code: 'scratch/no-locks',
  message: `The file system of ${root} has no file locks.`,
  hint: 'Let SWP_SCRATCH name a directory on a local disk.',
});

const EXPLANATIONS: Readonly<Record<string, (root: string, error: { readonly path: string }, count: CountInodes) => Explanation>> = {
  ENOSPC: full,
  EDQUOT: full,
  EROFS: (root) => ({
    kind: 'invalid',
    code: 'scratch/read-only',
    message: `${root} is on a read-only file system.`,
    hint: "Mount it so that it can be written; the kernel's log says whether a fault of the disk made it read-only.",
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
    hint: 'Mount its disk again, or restart the worker, which makes a new one.',
  }),
  EIO: (root) => ({
    kind: 'invalid',
    code: 'scratch/io',
    message: `The disk of ${root} fails to read or write.`,
    hint: "Look at the kernel's log; then retry, or let SWP_SCRATCH name a directory on another disk.",
  }),
  ENOLCK: noLocks,
  ENOTSUP: noLocks,
  EOPNOTSUPP: noLocks,
};

const isBelow = (path: string, root: string): boolean => path === root || path.startsWith(root + sep);

/** Some codes mean the scratch only under a condition. */
const isAboutScratch = ({ code, path, syscall }: FileError, root: string): boolean => {
  if (path === undefined ? !OF_OPEN_FILES.has(code) : !isBelow(path, root)) return false;
  if (code === 'EEXIST') return syscall === 'mkdir';
  return code !== 'ENOENT' || !existsSync(root);
};

const explain = (error: FileError, root: string, count: CountInodes = statfsSync): SwpError | null => {
  const explained = EXPLANATIONS[error.code]?.(root, { path: error.path ?? root }, count);
  if (explained === undefined) return null;
  const { kind, code, message, hint } = explained;
  return new SwpError(kind, code, message, { hint, cause: error });
};

/** Explains a failure of the file system below a scratch: what is wrong with it and what to do. Returns any other failure as it is. */
export const explainFailure = (error: unknown, root: string, count?: CountInodes): unknown =>
  isFileError(error) && isAboutScratch(error, root) ? (explain(error, root, count) ?? error) : error;

/**
 * The error of a process that cannot open its scratch. Each is one of the settings: a person has to change something
 * before the process can run.
 */
export const refuseAtStart = (error: unknown, root: string): unknown => {
  if (!isFileError(error)) return error;
  const { code, message, hint } = (error.code === 'ENOENT' ? null : explain(error, root)) ?? {
    code: 'scratch/unusable',
    message: `${root} cannot be used.`,
    hint: 'Let SWP_SCRATCH name another directory.',
  };
  return new SwpError('invalid', code, message, { cause: error, ...(hint === undefined ? {} : { hint }) });
};
