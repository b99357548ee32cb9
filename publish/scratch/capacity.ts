import { lstat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SwpError } from '../../core/error.js';
import { nullIfMissing } from '../../core/files.js';
import { formatBytes } from '../../core/text.js';
import { sizeOf } from './disk-usage.js';

/** Returns the free bytes of the scratch's file system. */
export type FreeDisk = () => Promise<number>;

/** Returns the free bytes of a directory's file system for an unprivileged user. */
export const freeDiskAt = async (directory: string): Promise<number> => {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
};

/** Returns the directory, or its nearest existing ancestor. Creates none. */
export const nearestDirectory = async (path: string): Promise<string> =>
  path === dirname(path) || (await nullIfMissing(lstat(path))) !== null ? path : nearestDirectory(dirname(path));

/** Returns the bytes that a scratch offers once all work in it has ended. The scratch need not exist yet. */
export const capacityOf = async (
  root: string,
  freeDisk: FreeDisk = async () => freeDiskAt(await nearestDirectory(root)),
): Promise<number> => (await freeDisk()) + (await sizeOf(root));

/**
 * Returns a check that the disk still has space for the remaining bytes of a directory: admission checked the disk
 * hours ago, and other programs write to it too. It is better to fail now than on a full disk, where no journal can be
 * written.
 *
 * @param bytes final size of the directory
 * @throws SwpError `scratch/no-space` from the check
 */
export const spaceCheck = (directory: string, bytes: number, freeDisk: FreeDisk) => async (): Promise<void> => {
  const remaining = bytes - (await sizeOf(directory));
  const free = await freeDisk();
  if (remaining <= free) return;
  throw new SwpError(
    'quota',
    'scratch/no-space',
    `${formatBytes(remaining)} must still be written, but this host has only ${formatBytes(free)} free.`,
    {
      hint: 'Free disk space under SWP_SCRATCH (`swp scratch list` shows its content), then retry; or move to another host.',
    },
  );
};
