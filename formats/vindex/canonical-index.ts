import { createHash } from 'node:crypto';
import { compareBytes } from '../../core/text.js';
import { Sha256, type CommitSha } from '../../core/ids.js';
import { CHECKSUMMED } from './file-names.js';
import type { VindexIndex } from './index-json.js';

/** What larql does not know of its source, or says wrongly. */
export interface IndexProvenance {
  readonly revision: CommitSha;
  /** When the source's commit was made: larql's own date is weeks off, and differs from run to run. */
  readonly committedAt: Date;
  /** One digest over all weights of the source, see {@link weightsDigest}. */
  readonly safetensors: Sha256;
  /** Digests of the vindex's files. */
  readonly sha256: ReadonlyMap<string, string>;
}

/**
 * One digest for all weights of a source: that of its only safetensors file, or else the digest of a line for
 * each, digest and name in the order of their names, as `sha256sum *.safetensors` prints them.
 */
export const weightsDigest = (digests: ReadonlyMap<string, string>): Sha256 => {
  const weights = [...digests].filter(([path]) => path.endsWith('.safetensors')).toSorted(([a], [b]) => compareBytes(a, b));
  const [only] = weights;
  if (only !== undefined && weights.length === 1) return Sha256.parse(only[1]);
  const lines = weights.map(([path, digest]) => `${digest}  ${path}\n`).join('');
  return Sha256.parse(createHash('sha256').update(lines).digest('hex'));
};

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => compareBytes(a, b))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
};

/** To the second, as larql writes it. */
const dateText = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;

/**
 * `index.json` anew, so that equal recipes give equal bytes: keys sorted, the source's commit and digest filled
 * in, its date for larql's own, and checksums of exactly the files that are there: a slice keeps the full
 * vindex's otherwise.
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
  return new TextEncoder().encode(`${JSON.stringify(sorted({ ...index, checksums, source }), null, 2)}\n`);
};
