import { createHash } from 'node:crypto';
import { compareBytes } from '../../core/text.js';
import { Sha256, type CommitSha } from '../../core/ids.js';
import { CHECKSUMMED } from './file-names.js';
import type { VindexIndex } from './index-json.js';

/** Facts about the source that larql does not know, or records wrongly. */
export interface IndexProvenance {
  readonly revision: CommitSha;
  /** The date of the source's commit: larql's own date is weeks off, and differs between runs. */
  readonly committedAt: Date;
  /** One digest for all weights of the source, see {@link weightsDigest}. */
  readonly safetensors: Sha256;
  /** Digests of the vindex's files. */
  readonly sha256: ReadonlyMap<string, string>;
}

/**
 * Returns one digest for all weights of a source: the digest of its only safetensors file, or the digest of a text with one
 * line for each file, with digest and name, in the order of the names, as `sha256sum *.safetensors` prints them.
 */
export const weightsDigest = (digests: ReadonlyMap<string, string>): Sha256 => {
  const weights = [...digests].filter(([path]) => path.endsWith('.safetensors')).toSorted(([a], [b]) => compareBytes(a, b));
  const [only] = weights;
  if (only !== undefined && weights.length === 1) return Sha256.parse(only[1]);
  const lines = weights.map(([path, digest]) => `${digest}  ${path}\n`).join('');
  return Sha256.parse(createHash('sha256').update(lines).digest('hex'));
};

const sortKeys = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => compareBytes(a, b))
      .map(([key, inner]) => [key, sortKeys(inner)]),
  );
};

/** Formats a date to the second, as larql does. */
const dateText = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;

/**
 * Rewrites `index.json` so that equal recipes give equal bytes: sorts the keys, fills in the source's commit and digest,
 * replaces larql's date with that of the source's commit, and lists checksums of exactly the files that exist. Otherwise a
 * slice would keep the checksums of the full vindex.
 */
export const canonicalIndex = (index: VindexIndex, { revision, committedAt, safetensors, sha256 }: IndexProvenance): Uint8Array => {
  const checksums = Object.fromEntries(CHECKSUMMED.flatMap((path) => (sha256.has(path) ? [[path, sha256.get(path)]] : [])));
  const source = {
    ...index.source,
    extracted_at: dateText(committedAt),
    huggingface_repo: index.source?.huggingface_repo ?? index.model,
    huggingface_revision: revision,
    safetensors_sha256: safetensors,
  };
  return new TextEncoder().encode(`${JSON.stringify(sortKeys({ ...index, checksums, source }), null, 2)}\n`);
};
