import { z } from 'zod';
import { BLOCK_BYTES, blockCount } from '../core/blocks.js';
import { listToFirstFault } from '../core/faults.js';
import { compareBytes } from '../core/text.js';
import { GitBlobId, Sha256, type Digest } from '../core/ids.js';
import { canonicalJson, digestOf, GIT_BLOB_LIMIT, gitBlobOf, sha256Of } from '../core/digests.js';

/** A block that is read back if the whole file is too large to read. Bytes from the file's start, `end` exclusive. */
export const Sample = z
  .strictObject({ begin: z.int().nonnegative(), end: z.int().positive(), sha256: Sha256 })
  .refine(({ begin, end }) => begin < end && end - begin <= BLOCK_BYTES, `must have from 1 to ${BLOCK_BYTES} bytes`);
export type Sample = z.infer<typeof Sample>;

/** Number of samples of a file. A file with at most this many blocks has none. */
const SAMPLES = 4;

export const ManifestFile = z.strictObject({
  path: z.string().min(1).max(1024),
  size: z.int().nonnegative(),
  sha256: Sha256,
  gitBlob: GitBlobId.optional(),
  /** Set for large files. */
  samples: listToFirstFault(Sample)
    .refine((samples) => samples.length <= SAMPLES, `must have at most ${SAMPLES} items`)
    .optional(),
});
export type ManifestFile = z.infer<typeof ManifestFile>;

/** Every file that a publish owns in its target, except `provenance.json`: payload, card, license files. */
export const Manifest = z.strictObject({ version: z.literal(1), files: z.array(ManifestFile).min(1) });
export type Manifest = z.infer<typeof Manifest>;

export const makeManifest = (files: readonly ManifestFile[]): Manifest => ({
  version: 1,
  files: files.toSorted((a, b) => compareBytes(a.path, b.path)),
});

export const manifestDigest = (manifest: Manifest): Digest => digestOf(manifest);

export const manifestText = (manifest: Manifest): string => `${canonicalJson(manifest)}\n`;

/** Returns the ranges of a file's samples: its first block, its last block, and two that its own digest selects. */
export const sampleRanges = (size: number, sha256: Sha256): readonly Omit<Sample, 'sha256'>[] => {
  const count = blockCount(size);
  if (count <= SAMPLES) return [];
  const inner = count - 2;
  const seed = (at: number): number => Number.parseInt(sha256.slice(at, at + 8), 16);
  const first = seed(0) % inner;
  const second = (first + 1 + (seed(8) % (inner - 1))) % inner;
  const blocks = [0, 1 + Math.min(first, second), 1 + Math.max(first, second), count - 1];
  return blocks.map((block) => ({ begin: block * BLOCK_BYTES, end: Math.min(size, (block + 1) * BLOCK_BYTES) }));
};

/** Returns the samples of a file, from the digests of its blocks. */
export const samplesOf = (size: number, sha256: Sha256, blocks: readonly Sha256[]): Sample[] =>
  sampleRanges(size, sha256).flatMap((range) => {
    const digest = blocks[range.begin / BLOCK_BYTES];
    return digest === undefined ? [] : [{ ...range, sha256: digest }];
  });

/** Returns the manifest's line for a large file. */
export const describeLarge = (path: string, size: number, sha256: Sha256, samples: readonly Sample[]): ManifestFile => ({
  path,
  size,
  sha256,
  ...(samples.length === 0 ? {} : { samples: [...samples] }),
});

/** Returns the manifest's line for a small file, from its bytes. */
export const describeBytes = (path: string, bytes: Uint8Array): ManifestFile => ({
  path,
  size: bytes.byteLength,
  sha256: sha256Of(bytes),
  ...(bytes.byteLength <= GIT_BLOB_LIMIT ? { gitBlob: gitBlobOf(bytes) } : {}),
});
