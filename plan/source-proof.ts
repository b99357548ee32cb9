import { z } from 'zod';
import { formatBytes, plural } from '../core/text.js';
import type { FetchPlan } from '../formats/mtp/fetch-plan.js';
import { sizeOf, type FetchRange } from '../formats/ranges.js';
import { ok, type Check } from './checks.js';
import type { RepoFile } from '../hub/repo-file.js';

/** The proof that bytes which were read by range are the source's. A range carries no digest of its own. */
export const SourceProof = z.enum([
  /** The whole shards that hold them are read once and hashed: the Hub lists their digests at the pinned commit. */
  'shard-sha256',
  /** The ranges are read twice, over separate connections and cut at other places, and compared. */
  'double-read',
]);
export type SourceProof = z.infer<typeof SourceProof>;

const rangesOf = ({ spans, constantRanges }: FetchPlan): FetchRange[] => [
  ...spans,
  ...spans.flatMap(({ scales }) => scales),
  ...constantRanges,
];

const touchedFiles = (fetch: FetchPlan, files: readonly RepoFile[]): RepoFile[] => {
  const touched = new Set(rangesOf(fetch).map(({ file }) => file));
  return files.filter(({ path }) => touched.has(path));
};

const bytesOf = (files: readonly RepoFile[]): number => files.reduce((sum, { size }) => sum + size, 0);

/**
 * Chooses to read whole shards if they cost little more than the needed bytes, else each range twice.
 *
 * @param proveShards limit of the shards' bytes, as a multiple of the needed bytes
 */
export const chooseProof = (fetch: FetchPlan, files: readonly RepoFile[], proveShards: number): SourceProof => {
  const touched = touchedFiles(fetch, files);
  const isCheap = bytesOf(touched) <= proveShards * fetch.neededBytes;
  return isCheap || touched.every(({ lfs }) => lfs === null) ? 'shard-sha256' : 'double-read';
};

/**
 * Returns the files that are read whole. Files outside LFS always are: they are small, and the Hub lists their git blob
 * ids.
 */
export const wholeFiles = (fetch: FetchPlan, files: readonly RepoFile[], proof: SourceProof): RepoFile[] =>
  touchedFiles(fetch, files).filter(({ lfs }) => lfs === null || proof === 'shard-sha256');

/** Returns the bytes that a proof reads from the source, and those that it keeps in scratch until the heads are made. */
export const proofBytes = (
  fetch: FetchPlan,
  files: readonly RepoFile[],
  proof: SourceProof,
): { readonly readBytes: number; readonly stagedBytes: number } => {
  const whole = wholeFiles(fetch, files, proof);
  const paths = new Set(whole.map(({ path }) => path));
  const stagedBytes = bytesOf(whole);
  return { readBytes: stagedBytes + 2 * sizeOf(rangesOf(fetch).filter(({ file }) => !paths.has(file))), stagedBytes };
};

/** Returns the check that states the proof of the source's bytes and its cost in a plan. */
export const proofCheck = (fetch: FetchPlan, files: readonly RepoFile[], proof: SourceProof): Check => {
  const { readBytes } = proofBytes(fetch, files, proof);
  const needed = formatBytes(fetch.neededBytes);
  const how =
    proof === 'shard-sha256'
      ? `${plural(touchedFiles(fetch, files).length, 'whole shard')} (${formatBytes(readBytes)}) are read and hashed, of which ${needed} are needed`
      : `the needed ${needed} are read twice over separate connections and compared (${formatBytes(readBytes)} in total)`;
  return ok('source-proof', `Proof of source by ${proof}: ${how}.`);
};
