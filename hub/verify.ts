import { createHash } from 'node:crypto';
import { HashThread } from '../core/hash-thread.js';
import type { CommitSha, RepoId } from '../core/ids.js';
import type { FileFacts } from '../plan/facts.js';
import type { ManifestFile } from '../plan/manifest.js';
import type { CallOptions } from './call.js';
import type { HubConfig } from './config.js';
import { openFile } from './read/range.js';
import { readTree } from './read/tree.js';

export interface Mismatch {
  readonly path: string;
  /** What shows it: that the file is not listed, how it is listed, or its bytes alone. */
  readonly shownBy: 'absence' | 'listing' | 'bytes';
  readonly reason: string;
}

/** What is read back: everything, nothing, whole files up to so many bytes chosen by the seed, or these paths. */
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

const choose = (files: readonly ManifestFile[], sample: ReadBack, found: ReadonlyMap<string, FileFacts>): ManifestFile[] => {
  if (sample === 'full') return [...files];
  if (sample === 'nothing') return [];
  if ('paths' in sample) return files.filter(({ path }) => sample.paths.has(path));
  let left = sample.maxBytes;
  return shuffle(files, sample.seed).filter((file) => {
    // The Hub lists no digest that we know for these: only their bytes prove them.
    const unlisted = found.get(file.path)?.lfs === null && file.gitBlob === undefined;
    if (!unlisted && file.size > left) return false;
    left -= file.size;
    return true;
  });
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

const readBack = async (
  hub: HubConfig,
  repo: RepoId,
  commit: CommitSha,
  file: ManifestFile,
  found: FileFacts,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<string | null> => {
  const reader = openFile(hub, { repo, commit, path: file.path, size: file.size, lfs: found.lfs });
  const digest = await (file.size > HASHED_HERE ? hashBeside : hashHere)(reader.read(0, file.size, signal), onBytes);
  return digest === file.sha256 ? null : `is listed right, but its bytes have sha256 ${digest} instead of ${file.sha256}`;
};

/** Compares the tree at a commit with what should be there, then reads bytes back. Differences are the result, not errors. */
export const verifyPaths = async (
  hub: HubConfig,
  repo: RepoId,
  commit: CommitSha,
  files: readonly ManifestFile[],
  options: VerifyOptions,
): Promise<{ readonly mismatches: readonly Mismatch[]; readonly readBackBytes: number }> => {
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
  const totalBytes = chosen.reduce((sum, { size }) => sum + size, 0);
  let doneBytes = 0;
  for (const file of chosen) {
    const there = found.get(file.path);
    if (there === undefined) continue;
    const reason = await readBack(hub, repo, commit, file, there, options.signal, (bytes) => {
      doneBytes += bytes;
      options.onProgress?.({ file: file.path, doneBytes, totalBytes });
    });
    if (reason !== null) mismatches.push({ path: file.path, shownBy: 'bytes', reason });
  }
  return { mismatches, readBackBytes: totalBytes };
};
