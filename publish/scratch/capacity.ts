import { lstat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SwpError } from '../../core/error.js';
import { ifThere } from '../../core/files.js';
import { formatBytes } from '../../core/text.js';
import { sizeOf } from './disk-usage.js';

/** Free bytes of the scratch's file system. */
export type FreeDisk = () => Promise<number>;

/** Free bytes of the file system that a directory lies in, for an unprivileged user. */
export const freeDiskAt = async (directory: string): Promise<number> => {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
};

/** A directory, or the nearest one above it that is there: looking makes none. */
export const nearestDirectory = async (path: string): Promise<string> =>
  path === dirname(path) || (await ifThere(lstat(path))) !== null ? path : nearestDirectory(dirname(path));

/** Bytes that a scratch has when everything in it has ended; it need not be there yet. */
export const capacityOf = async (
  root: string,
  freeDisk: FreeDisk = async () => freeDiskAt(await nearestDirectory(root)),
): Promise<number> => (await freeDisk()) + (await sizeOf(root));

/**
 * A check that what is written into a directory can still end: admission looked at the disk hours ago, and others
 * write to it too. Better to end now than with a full disk, on which nobody can write a journal.
 *
 * @param bytes that the directory will hold in the end
 * @throws SwpError `scratch/no-room`
 */
export const roomFor = (directory: string, bytes: number, freeDisk: FreeDisk) => async (): Promise<void> => {
  const left = bytes - (await sizeOf(directory));
  const free = await freeDisk();
  if (left <= free) return;
  throw new SwpError(
    'quota',
    'scratch/no-room',
    `${formatBytes(left)} are still to be written, and this host has ${formatBytes(free)} free.`,
    {
      hint: 'Free disk under SWP_SCRATCH (`swp scratch list` says what lies there), then retry; or move to another host.',
    },
  );
};
