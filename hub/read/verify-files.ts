import { createHash } from 'node:crypto';
import { openStreamHash } from '../../core/stream-hash.js';
import type { CommitSha, GitBlobId, RepoId, Sha256 } from '../../core/ids.js';
import type { RepoFile } from '../repo-file.js';
import type { CallOptions } from '../call.js';
import type { Hub } from '../hub.js';
import { fileDiffers } from './file-differs.js';
import { openFile } from './range.js';
import type { PinnedFile } from './locate.js';
import { readTwiceIfWrong } from './read-twice.js';
import { readTree } from './tree.js';

/** A block of a file with its digest. The offsets count bytes from the file's start; `end` is exclusive. */
interface Sample {
  readonly begin: number;
  readonly end: number;
  readonly sha256: Sha256;
}

/** The expected state of a file. Outside LFS, the Hub lists only a git blob id. Large files are read back in samples. */
export interface ExpectedFile {
  readonly path: string;
  readonly size: number;
  readonly sha256: Sha256;
  readonly gitBlob?: GitBlobId | undefined;
  readonly samples?: readonly Sample[] | undefined;
}

/** The amount of bytes and files that was read back; for the rest, only the Hub's listing was compared. */
export interface ReadBackTotals {
  readonly bytes: number;
  /** Total size of all compared files. */
  readonly ofBytes: number;
  readonly wholeFiles: number;
  readonly sampledFiles: number;
  readonly unreadFiles: number;
}

export interface Mismatch {
  readonly path: string;
  /** The evidence: the file is not listed, its listing differs, or only its bytes differ. */
  readonly shownBy: 'absence' | 'listing' | 'bytes';
  readonly reason: string;
}

/**
 * Selects the bytes to read back: every byte, nothing, or the samples of files that have samples plus whole files. The
 * whole files are those of `paths`, or up to `maxBytes` of files chosen by `seed`.
 */
export type ReadBack = 'full' | 'nothing' | { readonly maxBytes: number; readonly seed: string } | { readonly paths: ReadonlySet<string> };

export interface VerifyOptions extends CallOptions {
  readonly sample: ReadBack;
  /** The tree at the commit, if it was already read. */
  readonly tree?: readonly RepoFile[];
  /** Receives the progress of the read-back, in bytes. */
  readonly onProgress?: (progress: { readonly file: string; readonly doneBytes: number; readonly totalBytes: number }) => void;
}

const compare = (file: ExpectedFile, found: RepoFile | undefined): string | null => {
  if (found === undefined) return 'is missing';
  if (found.size !== file.size) return `has ${found.size} bytes instead of ${file.size}`;
  if (found.lfs !== null) return found.lfs === file.sha256 ? null : `has sha256 ${found.lfs} instead of ${file.sha256}`;
  if (file.gitBlob === undefined) return null;
  return found.gitBlob === file.gitBlob ? null : `has git blob ${found.gitBlob} instead of ${file.gitBlob}`;
};

/** Sorts files by the digest of seed and path: a fixed order that a publisher cannot choose. */
const shuffle = (files: readonly ExpectedFile[], seed: string): ExpectedFile[] =>
  files
    .map((file) => ({ file, rank: createHash('sha256').update(`${seed}\0${file.path}`).digest('hex') }))
    .toSorted((a, b) => (a.rank < b.rank ? -1 : 1))
    .map(({ file }) => file);

/** Returns the files to read completely. */
const chooseWhole = (files: readonly ExpectedFile[], sample: ReadBack, found: ReadonlyMap<string, RepoFile>): ReadonlySet<ExpectedFile> => {
  if (sample === 'full') return new Set(files);
  if (sample === 'nothing') return new Set();
  if ('paths' in sample) return new Set(files.filter(({ path }) => sample.paths.has(path)));
  let left = sample.maxBytes;
  return new Set(
    shuffle(files, sample.seed).filter((file) => {
      // The Hub lists no digest that these files can be compared with: only their bytes prove them.
      const unlisted = found.get(file.path)?.lfs === null && file.gitBlob === undefined;
      if (!unlisted && (file.samples !== undefined || file.size > left)) return false;
      left -= file.size;
      return true;
    }),
  );
};

/** Returns the ranges to read back for each file; the list is empty for some files. */
const chooseRanges = (
  files: readonly ExpectedFile[],
  sample: ReadBack,
  found: ReadonlyMap<string, RepoFile>,
): ReadonlyMap<ExpectedFile, readonly Sample[]> => {
  const whole = chooseWhole(files, sample, found);
  const rangesOf = (file: ExpectedFile): readonly Sample[] => {
    if (whole.has(file)) return [{ begin: 0, end: file.size, sha256: file.sha256 }];
    return sample === 'nothing' ? [] : (file.samples ?? []);
  };
  return new Map(files.map((file) => [file, rangesOf(file)]));
};

/** Up to this size, a thread costs more time than it saves. */
const MAX_INLINE_BYTES = 16 * 1024 * 1024;

const hashStream = async (threads: number, chunks: AsyncIterable<Uint8Array>, onBytes: (bytes: number) => void): Promise<Sha256> => {
  const hash = openStreamHash(threads);
  try {
    for await (const chunk of chunks) {
      await hash.update(chunk);
      onBytes(chunk.byteLength);
    }
    return await hash.digest();
  } finally {
    await hash.close();
  }
};

interface Reading {
  readonly hub: Hub;
  readonly file: PinnedFile;
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
}

interface FileRead {
  /** The first difference, or null if there is none. */
  readonly reason: string | null;
  /** True if the first read returned wrong bytes and the second read returned the right ones. */
  readonly wasWrong: boolean;
}

/** Reads ranges of a file; reads a range a second time if its digest differs. */
const readRanges = async ({ hub, file, signal, onBytes }: Reading, ranges: readonly Sample[]): Promise<FileRead> => {
  const reader = openFile(hub, file);
  let wasWrong = false;
  for (const { begin, end, sha256 } of ranges) {
    const threads = end - begin > MAX_INLINE_BYTES ? hub.machine.threads : 0;
    let counted = 0;
    const read = await readTwiceIfWrong(
      hub,
      fileDiffers(file),
      (from) => {
        onBytes(-counted);
        counted = 0;
        return hashStream(threads, (from === hub ? reader : openFile(from, file)).read(begin, end, signal), (bytes) => {
          counted += bytes;
          onBytes(bytes);
        });
      },
      (digest) => digest === sha256,
    );
    if (!read.isRight) {
      const which = end - begin === file.size ? 'its bytes' : `its bytes ${begin} to ${end}`;
      return {
        reason: `is listed correctly, but ${which} have sha256 ${read.value} instead of ${sha256}; they were read twice`,
        wasWrong: false,
      };
    }
    wasWrong ||= read.wasWrong;
  }
  return { reason: null, wasWrong };
};

const bytesIn = (ranges: readonly Sample[]): number => ranges.reduce((sum, { begin, end }) => sum + end - begin, 0);

const totalsOf = (files: readonly ExpectedFile[], chosen: ReadonlyMap<ExpectedFile, readonly Sample[]>): ReadBackTotals => {
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

export interface Verified {
  readonly mismatches: readonly Mismatch[];
  readonly readBack: ReadBackTotals;
  /** Paths whose bytes were wrong in the first read and right in the second. */
  readonly wrongOnce: readonly string[];
}

/**
 * Compares the tree at a commit with the expected files, then reads bytes back. Returns differences; does not throw
 * them.
 */
export const verifyPaths = async (
  hub: Hub,
  repo: RepoId,
  commit: CommitSha,
  files: readonly ExpectedFile[],
  options: VerifyOptions,
): Promise<Verified> => {
  const { signal } = options;
  const tree = options.tree ?? (await readTree(hub, repo, commit, options));
  const found = new Map(tree.map((file) => [file.path, file]));
  const mismatches = files.flatMap((file): Mismatch[] => {
    const there = found.get(file.path);
    const reason = compare(file, there);
    return reason === null ? [] : [{ path: file.path, shownBy: there === undefined ? 'absence' : 'listing', reason }];
  });
  const wrong = new Set(mismatches.map(({ path }) => path));
  const chosen = chooseRanges(
    files.filter(({ path }) => !wrong.has(path)),
    options.sample,
    found,
  );
  const readBack = totalsOf(files, chosen);
  const wrongOnce: string[] = [];
  let doneBytes = 0;
  for (const [file, ranges] of chosen) {
    const { path, size } = file;
    const pinned = { repo, commit, path, size, lfs: found.get(path)?.lfs ?? null };
    const onBytes = (bytes: number): void => {
      doneBytes += bytes;
      options.onProgress?.({ file: path, doneBytes, totalBytes: readBack.bytes });
    };
    const { reason, wasWrong } = await readRanges({ hub, file: pinned, signal, onBytes }, ranges);
    if (reason !== null) mismatches.push({ path, shownBy: 'bytes', reason });
    else if (wasWrong) wrongOnce.push(path);
  }
  return { mismatches, readBack, wrongOnce };
};
