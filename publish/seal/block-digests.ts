import { join } from 'node:path';
import { z } from 'zod';
import { blockCount } from '../../core/blocks.js';
import { writeAtomic } from '../../core/files.js';
import { Digest, Sha256 } from '../../core/ids.js';
import type { Machine } from '../../core/machine.js';
import type { ManifestFile } from '../../plan/manifest.js';

const FILE = 'blocks.json';

const Sealed = z.strictObject({
  /** Digest of the manifest that lists these files. */
  manifest: Digest,
  files: z.array(z.strictObject({ path: z.string(), blocks: z.array(Sha256) })),
});

/** Path → digests of the file's blocks. */
export type BlockDigests = ReadonlyMap<string, readonly Sha256[]>;

/** Writes the digests of all blocks beside the manifest that lists their files. */
export const writeBlockDigests = (machine: Machine, directory: string, manifest: Digest, blocks: BlockDigests): Promise<void> => {
  const files = [...blocks].map(([path, digests]) => ({ path, blocks: [...digests] }));
  return writeAtomic(machine, join(directory, FILE), JSON.stringify({ manifest, files } satisfies z.infer<typeof Sealed>));
};

/**
 * Reads the block digests back for the files of a manifest.
 *
 * @throws if there are none, or if they belong to another manifest or do not fit its files
 */
export const readBlockDigests = async (
  { files }: Pick<Machine, 'files'>,
  directory: string,
  manifest: Digest,
  listed: readonly ManifestFile[],
): Promise<BlockDigests> => {
  const sealed = Sealed.parse(JSON.parse(await files.readFile(join(directory, FILE), 'utf8')));
  const sizes = new Map(listed.map(({ path, size }) => [path, size]));
  const mismatch = sealed.files.find(({ path, blocks }) => blocks.length !== blockCount(sizes.get(path) ?? -1));
  if (sealed.manifest !== manifest || mismatch !== undefined)
    throw new Error(`${FILE} belongs to manifest ${sealed.manifest}${mismatch === undefined ? '' : ` and does not fit ${mismatch.path}`}`);
  return new Map(sealed.files.map(({ path, blocks }) => [path, blocks]));
};
