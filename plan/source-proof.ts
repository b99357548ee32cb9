import { z } from 'zod';
import { formatBytes, plural } from '../core/text.js';
import type { FetchPlan } from '../formats/mtp/fetch-plan.js';
import { sizeOf, type FetchRange } from '../formats/ranges.js';
import { ok, type Check } from './checks.js';
import type { RepoFile } from '../hub/repo-file.js';

/** How bytes that were read by range are shown to be the source's: a range carries no digest. */
export const SourceProof = z.enum([
  /** The whole shards that hold them are read once and hashed: their digests are listed at the pinned commit. */
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
 * Whole shards where they cost little more than what is needed of them, else each range twice.
 *
 * @param proveShards whole shards may have at most so many times the needed bytes
 */
export const chooseProof = (fetch: FetchPlan, files: readonly RepoFile[], proveShards: number): SourceProof => {
  const touched = touchedFiles(fetch, files);
  const isCheap = bytesOf(touched) <= proveShards * fetch.neededBytes;
  return isCheap || touched.every(({ lfs }) => lfs === null) ? 'shard-sha256' : 'double-read';
};

/** Files that are read whole, whatever of them is needed. Outside LFS all are: they are small, and their git blob id is listed. */
export const wholeFiles = (fetch: FetchPlan, files: readonly RepoFile[], proof: SourceProof): RepoFile[] =>
  touchedFiles(fetch, files).filter(({ lfs }) => lfs === null || proof === 'shard-sha256');

/** Bytes that a proof reads from the source, and keeps in scratch until the heads are made. */
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

/** Says in a plan how the source's bytes will be proven, and what that costs. */
export const proofCheck = (fetch: FetchPlan, files: readonly RepoFile[], proof: SourceProof): Check => {
  const { readBytes } = proofBytes(fetch, files, proof);
  const needed = formatBytes(fetch.neededBytes);
  const how =
    proof === 'shard-sha256'
      ? `${plural(touchedFiles(fetch, files).length, 'whole shard')} (${formatBytes(readBytes)}) are read and hashed for ${needed} that are needed`
      : `${needed} that are needed are read twice over separate connections and compared (${formatBytes(readBytes)})`;
  return ok('source-proof', `Proof of source by ${proof}: ${how}.`);
};
