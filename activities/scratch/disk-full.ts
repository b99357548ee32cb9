import { SwpError } from '../../core/error.js';

const FULL = new Set<unknown>(['ENOSPC', 'EDQUOT']);

/** Says of a full disk what to do; any other failure is handed back as it is. */
export const explainDiskFull = (error: unknown, where = 'this host'): unknown =>
  error instanceof Error && 'code' in error && FULL.has(error.code)
    ? new SwpError('quota', 'scratch/full', `The disk of ${where} is full.`, {
        hint: 'Free space on it, then retry: what was written is checked and used again.',
        cause: error,
      })
    : error;
