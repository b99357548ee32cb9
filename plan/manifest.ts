import { z } from 'zod';
import { compareBytes } from '../core/text.js';
import { GitBlobId, Sha256, type Digest } from '../core/ids.js';
import { canonicalJson, digestOf, gitBlobOf, sha256Of } from './canonical.js';

/** Up to this size a manifest also holds the git blob id, which is all that the Hub lists outside LFS. */
export const GIT_BLOB_LIMIT = 10 * 1024 * 1024;

export const ManifestFile = z.strictObject({
  path: z.string().min(1).max(1024),
  size: z.int().nonnegative(),
  sha256: Sha256,
  gitBlob: GitBlobId.optional(),
});
export type ManifestFile = z.infer<typeof ManifestFile>;

/** Every file that a publish owns in its target, but `provenance.json`: payload, card, license files. */
export const Manifest = z.strictObject({ version: z.literal(1), files: z.array(ManifestFile).min(1) });
export type Manifest = z.infer<typeof Manifest>;

export const makeManifest = (files: readonly ManifestFile[]): Manifest => ({
  version: 1,
  files: files.toSorted((a, b) => compareBytes(a.path, b.path)),
});

export const manifestDigest = (manifest: Manifest): Digest => digestOf(manifest);

export const manifestText = (manifest: Manifest): string => `${canonicalJson(manifest)}\n`;

/** The manifest's line for a small file whose bytes are at hand. */
export const describeBytes = (path: string, bytes: Uint8Array): ManifestFile => ({
  path,
  size: bytes.byteLength,
  sha256: sha256Of(bytes),
  ...(bytes.byteLength <= GIT_BLOB_LIMIT ? { gitBlob: gitBlobOf(bytes) } : {}),
});
