import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hashFile } from '../core/files.js';
import type { Sha256 } from '../core/ids.js';
import { describeBytes, GIT_BLOB_LIMIT, type ManifestFile } from '../plan/manifest.js';

/**
 * The manifest's line for a file that was built.
 *
 * @param known its digest, where it was taken while the file was written or proven
 */
export const describeFile = async (
  directory: string,
  path: string,
  known: Sha256 | undefined,
  signal: AbortSignal,
): Promise<ManifestFile> => {
  const whole = join(directory, path);
  const { size } = await stat(whole);
  if (size <= GIT_BLOB_LIMIT) return describeBytes(path, await readFile(whole));
  return { path, size, sha256: known ?? (await hashFile(whole, { signal })) };
};
