import { GIT_BLOB_LIMIT } from '../../core/digests.js';
import { join } from 'node:path';
import { digestFile, digestsOf, type FileDigests } from '../../core/file-digests.js';
import type { Sha256 } from '../../core/ids.js';
import type { Machine } from '../../core/machine.js';
import { describeBytes, describeLarge, samplesOf, type ManifestFile } from '../../plan/manifest.js';
import type { BlockDigests } from './block-digests.js';

/** Built files in the form that a manifest lists, with the digests of their blocks. */
export interface DescribedFiles {
  readonly files: readonly ManifestFile[];
  readonly blocks: BlockDigests;
}

const describeFile = async (machine: Machine, path: string, whole: string, known: FileDigests | undefined, signal: AbortSignal) => {
  const { size } = await machine.files.stat(whole);
  if (size <= GIT_BLOB_LIMIT) {
    const bytes = await machine.files.readFile(whole);
    return { file: describeBytes(path, bytes), blocks: digestsOf(bytes).blocks };
  }
  const { sha256, blocks } = known ?? (await digestFile(machine, whole, { signal }));
  return { file: describeLarge(path, size, sha256, samplesOf(size, sha256, blocks)), blocks };
};

/**
 * Describes the files of a build. Computes the digests that are not known.
 *
 * @param known path → digests, if they were computed while the file was written or proven; undefined otherwise
 */
export const describeFiles = async (
  machine: Machine,
  directory: string,
  known: ReadonlyMap<string, FileDigests | undefined>,
  signal: AbortSignal,
): Promise<DescribedFiles> => {
  const files: ManifestFile[] = [];
  const blocks = new Map<string, readonly Sha256[]>();
  for (const [path, digests] of known) {
    const described = await describeFile(machine, path, join(directory, path), digests, signal);
    files.push(described.file);
    blocks.set(path, described.blocks);
  }
  return { files, blocks };
};
