import { dirname } from 'node:path';
import { SwpError } from '../../core/error.js';
import { nullIfMissing } from '../../core/files.js';
import type { Files } from '../../core/machine.js';
import { formatBytes } from '../../core/text.js';
import { sizeOf } from './disk-usage.js';

/** Returns the free bytes of a directory's file system for an unprivileged user. */
export const freeDiskAt = async (files: Files, directory: string): Promise<number> => {
  const { bavail, bsize } = await files.statfs(directory);
  return bavail * bsize;
};

/** Returns the directory, or its nearest existing ancestor. Creates none. */
export const nearestDirectory = async (files: Files, path: string): Promise<string> =>
  path === dirname(path) || (await nullIfMissing(files.lstat(path))) !== null ? path : nearestDirectory(files, dirname(path));

/** Returns the bytes that a scratch offers once all work in it has ended. The scratch need not exist yet. */
export const capacityOf = async (files: Files, root: string): Promise<number> =>
  (await freeDiskAt(files, await nearestDirectory(files, root))) + (await sizeOf(files, root));

/**
 * Returns a check that the disk still has space for the remaining bytes of a directory: admission checked the disk
 * hours ago, and other programs write to it too. It is better to fail now than on a full disk, where no journal can be
 * written.
 *
 * @param root the scratch, which is on that disk
 * @param bytes final size of the directory, which need not exist yet
 * @throws SwpError `scratch/no-space` from the check
 */
export const spaceCheck = (files: Files, root: string, directory: string, bytes: number) => async (): Promise<void> => {
  const remaining = bytes - (await sizeOf(files, directory));
  const free = await freeDiskAt(files, root);
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
