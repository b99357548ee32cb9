import { createHash } from 'node:crypto';
import { HashThread } from '../core/hash-thread.js';
import type { CommitSha, RepoId } from '../core/ids.js';
import type { FileFacts } from '../plan/facts.js';
import type { ManifestFile, Sample } from '../plan/manifest.js';
import type { ReadBackTotals } from '../plan/read-back.js';
import type { CallOptions } from './call.js';
import type { HubConfig } from './config.js';
import { openFile, type RangeReader } from './read/range.js';
import { readTree } from './read/tree.js';

export interface Mismatch {
  readonly path: string;
  /** What shows it: that the file is not listed, how it is listed, or its bytes alone. */
  readonly shownBy: 'absence' | 'listing' | 'bytes';
  readonly reason: string;
}

/**
 * What is read back: every byte, nothing, or samples of the files that have some and others whole: those of these paths,
 * or up to so many bytes chosen by the seed.
 */
export type ReadBack = 'full' | 'nothing' | { readonly maxBytes: number; readonly seed: string } | { readonly paths: ReadonlySet<string> };

export interface VerifyOptions extends CallOptions {
  readonly sample: ReadBack;
  /** The tree at the commit, where it was read already. */
  readonly tree?: readonly FileFacts[];
  /** Told how far reading back is, in bytes. */
  readonly onProgress?: (progress: { readonly file: string; readonly doneBytes: number; readonly totalBytes: number }) => void;
}

const compare = (file: ManifestFile, found: FileFacts | undefined): string | null => {
  if (found === undefined) return 'is not there';
  if (found.size !== file.size) return `has ${found.size} bytes instead of ${file.size}`;
  if (found.lfs !== null) return found.lfs === file.sha256 ? null : `has sha256 ${found.lfs} instead of ${file.sha256}`;
  if (file.gitBlob === undefined) return null;
  return found.gitBlob === file.gitBlob ? null : `has git blob ${found.gitBlob} instead of ${file.gitBlob}`;
};

/** A fixed order that no publisher chooses: by the digest of seed and path. */
const shuffle = (files: readonly ManifestFile[], seed: string): ManifestFile[] =>
  files
    .map((file) => ({ file, rank: createHash('sha256').update(`${seed}\0${file.path}`).digest('hex') }))
    .toSorted((a, b) => (a.rank < b.rank ? -1 : 1))
    .map(({ file }) => file);

/** Files whose every byte is read. */
const chooseWhole = (
  files: readonly ManifestFile[],
  sample: ReadBack,
  found: ReadonlyMap<string, FileFacts>,
): ReadonlySet<ManifestFile> => {
  if (sample === 'full') return new Set(files);
  if (sample === 'nothing') return new Set();
  if ('paths' in sample) return new Set(files.filter(({ path }) => sample.paths.has(path)));
  let left = sample.maxBytes;
  return new Set(
    shuffle(files, sample.seed).filter((file) => {
      // The Hub lists no digest that we know for these: only their bytes prove them.
      const unlisted = found.get(file.path)?.lfs === null && file.gitBlob === undefined;
      if (!unlisted && (file.samples !== undefined || file.size > left)) return false;
      left -= file.size;
      return true;
    }),
  );
};

/** What is read back of each file; of some it is nothing. */
const choose = (
  files: readonly ManifestFile[],
  sample: ReadBack,
  found: ReadonlyMap<string, FileFacts>,
): ReadonlyMap<ManifestFile, readonly Sample[]> => {
  const whole = chooseWhole(files, sample, found);
  const rangesOf = (file: ManifestFile): readonly Sample[] => {
    if (whole.has(file)) return [{ begin: 0, end: file.size, sha256: file.sha256 }];
    return sample === 'nothing' ? [] : (file.samples ?? []);
  };
  return new Map(files.map((file) => [file, rangesOf(file)]));
};

/** Up to so many bytes a thread costs more than it saves. */
const HASHED_HERE = 16 * 1024 * 1024;

type HashStream = (chunks: AsyncIterable<Uint8Array>, onBytes: (bytes: number) => void) => Promise<string>;

const hashHere: HashStream = async (chunks, onBytes) => {
  const hash = createHash('sha256');
  for await (const chunk of chunks) {
    hash.update(chunk);
    onBytes(chunk.byteLength);
  }
  return hash.digest('hex');
};

const hashBeside: HashStream = async (chunks, onBytes) => {
  const thread = new HashThread();
  try {
    for await (const chunk of chunks) {
      await thread.update(chunk);
      onBytes(chunk.byteLength);
    }
    return await thread.digest();
  } finally {
    await thread.close();
  }
};

interface Reading {
  readonly file: ManifestFile;
  readonly reader: RangeReader;
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
}

const readRange = async ({ file, reader, signal, onBytes }: Reading, { begin, end, sha256 }: Sample): Promise<string | null> => {
  const digest = await (end - begin > HASHED_HERE ? hashBeside : hashHere)(reader.read(begin, end, signal), onBytes);
  if (digest === sha256) return null;
  const which = end - begin === file.size ? 'its bytes' : `its bytes ${begin} to ${end}`;
  return `is listed right, but ${which} have sha256 ${digest} instead of ${sha256}`;
};

/** The first difference in these ranges; null where there is none. */
const readRanges = async (reading: Reading, ranges: readonly Sample[]): Promise<string | null> => {
  for (const range of ranges) {
    const reason = await readRange(reading, range);
    if (reason !== null) return reason;
  }
  return null;
};

const bytesIn = (ranges: readonly Sample[]): number => ranges.reduce((sum, { begin, end }) => sum + end - begin, 0);

const totalsOf = (files: readonly ManifestFile[], chosen: ReadonlyMap<ManifestFile, readonly Sample[]>): ReadBackTotals => {
  const read = [...chosen].filter(([, ranges]) => ranges.length > 0);
  const whole = read.filter(([{ size }, ranges]) => bytesIn(ranges) === size);
  return {
    bytes: read.reduce((sum, [, ranges]) => sum + bytesIn(ranges), 0),
    ofBytes: files.reduce((sum, { size }) => sum + size, 0),
    wholeFiles: whole.length,
    sampledFiles: read.length - whole.length,
    unreadFiles: files.length - read.length,
  };
};

/** Compares the tree at a commit with what should be there, then reads bytes back. Differences are the result, not errors. */
export const verifyPaths = async (
  hub: HubConfig,
  repo: RepoId,
  commit: CommitSha,
  files: readonly ManifestFile[],
  options: VerifyOptions,
): Promise<{ readonly mismatches: readonly Mismatch[]; readonly readBack: ReadBackTotals }> => {
  const { signal } = options;
  const tree = options.tree ?? (await readTree(hub, repo, commit, options));
  const found = new Map(tree.map((file) => [file.path, file]));
  const mismatches = files.flatMap((file): Mismatch[] => {
    const there = found.get(file.path);
    const reason = compare(file, there);
    return reason === null ? [] : [{ path: file.path, shownBy: there === undefined ? 'absence' : 'listing', reason }];
  });
  const wrong = new Set(mismatches.map(({ path }) => path));
  const chosen = choose(
    files.filter(({ path }) => !wrong.has(path)),
    options.sample,
    found,
  );
  const readBack = totalsOf(files, chosen);
  let doneBytes = 0;
  for (const [file, ranges] of chosen) {
    const { path, size } = file;
    const reader = openFile(hub, { repo, commit, path, size, lfs: found.get(path)?.lfs ?? null });
    const onBytes = (bytes: number): void => {
      doneBytes += bytes;
      options.onProgress?.({ file: path, doneBytes, totalBytes: readBack.bytes });
    };
    const reason = await readRanges({ file, reader, signal, onBytes }, ranges);
    if (reason !== null) mismatches.push({ path, shownBy: 'bytes', reason });
  }
  return { mismatches, readBack };
};
