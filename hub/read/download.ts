import { createHash } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hashInto, makeDirectory, readTextIfThere } from '../../core/files.js';
import type { CommitSha, GitBlobId, RepoId, Sha256 } from '../../core/ids.js';
import { runAll } from '../../core/run-all.js';
import type { HubConfig } from '../config.js';
import { fileDiffers } from './file-differs.js';
import { openFile, type RangeReader } from './range.js';
import { readAgainIfBroken } from './second-look.js';

/** A file at a pinned commit, with the digest that its commit lists. */
export interface ListedFile {
  readonly repo: RepoId;
  readonly commit: CommitSha;
  readonly path: string;
  readonly size: number;
  readonly gitBlob: GitBlobId;
  readonly lfs: Sha256 | null;
}

export interface DownloadOptions {
  readonly signal: AbortSignal;
  /** Told bytes as they arrive; those that an earlier run brought count at once, those of a wrong file are taken back. */
  readonly onBytes: (bytes: number) => void;
  /** Bytes that are asked for at once and counted as a whole after a crash. */
  readonly segmentBytes?: number;
}

const SEGMENT = 64 * 1024 * 1024;
const SEGMENTS_IN_FLIGHT = 4;

/** Segments that an earlier run has written. Each line stands for itself: one that a crash cut short costs one segment. */
const readDone = async (path: string): Promise<Set<number>> => {
  const numbers = (await readTextIfThere(path)).split('\n').filter((line) => /^\d{1,9};$/.test(line));
  return new Set(numbers.map((line) => Number(line.slice(0, -1))));
};

const writeSegment = async (
  output: FileHandle,
  reader: RangeReader,
  { begin, end }: { readonly begin: number; readonly end: number },
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<void> => {
  let at = begin;
  for await (const chunk of reader.read(begin, end, signal)) {
    await output.write(chunk, 0, chunk.byteLength, at);
    at += chunk.byteLength;
    onBytes(chunk.byteLength);
  }
};

/** Whether a file on disk has the digest that its commit lists: its SHA-256 in LFS, else its git blob id. */
const isAsListed = async (path: string, { size, gitBlob, lfs }: ListedFile, signal: AbortSignal): Promise<boolean> => {
  const hash = lfs === null ? createHash('sha1').update(`blob ${size}\0`) : createHash('sha256');
  return (await hashInto(hash, path, { signal })) === size && hash.digest('hex') === (lfs ?? gitBlob);
};

/**
 * Downloads a whole file: ranges in parallel, straight to their places. The file has its name only once its digest
 * is the listed one; after a crash what was written is not asked for again. Bytes with another digest are downloaded again,
 * once, over other connections.
 *
 * @throws SwpError `hub/file-differs`; then everything is asked for again next time
 */
export const downloadFile = (hub: HubConfig, file: ListedFile, path: string, options: DownloadOptions): Promise<void> =>
  readAgainIfBroken(
    hub,
    (from) => downloadOnce(from, file, path, options),
    ({ code }) => code === 'hub/file-differs',
  );

const downloadOnce = async (hub: HubConfig, file: ListedFile, path: string, options: DownloadOptions): Promise<void> => {
  const { signal, onBytes, segmentBytes = SEGMENT } = options;
  const partial = `${path}.partial`;
  const journalPath = `${path}.segments-${segmentBytes}`;
  await makeDirectory(dirname(path));
  const done = await readDone(journalPath);
  const segments = Array.from({ length: Math.ceil(file.size / segmentBytes) }, (_, at) => ({
    at,
    begin: at * segmentBytes,
    end: Math.min(file.size, (at + 1) * segmentBytes),
  }));
  const reader = openFile(hub, file);
  const output = await open(partial, done.size === 0 ? 'w' : 'r+');
  const journal = await open(journalPath, 'a', 0o600);
  try {
    await journal.appendFile('\n');
    await runAll(
      segments,
      async ({ at, begin, end }, both) => {
        if (done.has(at)) {
          onBytes(end - begin);
          return;
        }
        await writeSegment(output, reader, { begin, end }, both, onBytes);
        // On disk before it counts.
        await output.datasync();
        await journal.appendFile(`${at};\n`);
      },
      { concurrency: SEGMENTS_IN_FLIGHT, signal },
    );
  } finally {
    await journal.close();
    await output.close();
  }
  if (!(await isAsListed(partial, file, signal))) {
    await rm(journalPath, { force: true });
    await rm(partial, { force: true });
    onBytes(-file.size);
    throw fileDiffers(file, 'Retry: the file is downloaded again. If it stays so, the source is damaged: tell its owner.');
  }
  await rename(partial, path);
  await rm(journalPath, { force: true });
};
