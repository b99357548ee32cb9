import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Files } from '../../core/machine.js';
import { hashInto, makeDirectory, readTextOrEmpty } from '../../core/files.js';
import type { CommitSha, GitBlobId, RepoId, Sha256 } from '../../core/ids.js';
import { runAll } from '../../core/run-all.js';
import type { Hub } from '../hub.js';
import { listedHash } from '../repo-file.js';
import { fileDiffers } from './file-differs.js';
import { openFile, type RangeReader } from './range.js';
import { readAgainIfBroken } from './read-twice.js';

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
  /** Receives the number of bytes that arrive. Segments of an earlier run count too; a wrong file is subtracted again. */
  readonly onBytes: (bytes: number) => void;
  /** Bytes per request; after a crash, only whole segments count as downloaded. */
  readonly segmentBytes?: number;
}

const SEGMENT_BYTES = 64 * 1024 * 1024;
const SEGMENTS_IN_FLIGHT = 4;

/**
 * Reads the numbers of the segments that an earlier run wrote. Lines are independent: a line cut by a crash costs one
 * segment.
 */
const readDone = async (files: Files, path: string): Promise<Set<number>> => {
  const numbers = (await readTextOrEmpty(files, path)).split('\n').filter((line) => /^\d{1,9};$/.test(line));
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

/** Checks that a file on disk has the digest that its commit lists: its SHA-256 in LFS, otherwise its git blob id. */
const isAsListed = async (files: Files, path: string, { size, gitBlob, lfs }: ListedFile, signal: AbortSignal): Promise<boolean> => {
  const hash = listedHash({ size, lfs });
  return (await hashInto(files, hash, path, { signal })) === size && hash.digest('hex') === (lfs ?? gitBlob);
};

/**
 * Downloads a whole file as parallel ranges, each written at its offset. The file gets its name only when its digest
 * matches the listed one. After a crash, segments on disk are not downloaded again. If the digest differs, the file is
 * downloaded once more over other connections.
 *
 * @throws SwpError `hub/file-differs`; the next call then downloads everything again
 */
export const downloadFile = (hub: Hub, file: ListedFile, path: string, options: DownloadOptions): Promise<void> =>
  readAgainIfBroken(
    hub,
    (from) => downloadOnce(from, file, path, options),
    ({ code }) => code === 'hub/file-differs',
  );

const downloadOnce = async (hub: Hub, file: ListedFile, path: string, options: DownloadOptions): Promise<void> => {
  const { signal, onBytes, segmentBytes = SEGMENT_BYTES } = options;
  const { files } = hub.machine;
  const partial = `${path}.partial`;
  const journalPath = `${path}.segments-${segmentBytes}`;
  await makeDirectory(files, dirname(path));
  const done = await readDone(files, journalPath);
  const segments = Array.from({ length: Math.ceil(file.size / segmentBytes) }, (_, at) => ({
    at,
    begin: at * segmentBytes,
    end: Math.min(file.size, (at + 1) * segmentBytes),
  }));
  const reader = openFile(hub, file);
  const output = await files.open(partial, done.size === 0 ? 'w' : 'r+');
  const journal = await files.open(journalPath, 'a', 0o600);
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
        // The segment must be on disk before the journal lists it.
        await output.datasync();
        await journal.appendFile(`${at};\n`);
      },
      { concurrency: SEGMENTS_IN_FLIGHT, signal },
    );
  } finally {
    await journal.close();
    await output.close();
  }
  if (!(await isAsListed(files, partial, file, signal))) {
    await files.rm(journalPath, { force: true });
    await files.rm(partial, { force: true });
    onBytes(-file.size);
    throw fileDiffers(file, 'Retry: SWP downloads the file again. If it fails again, the source is damaged: tell its owner.');
  }
  await files.rename(partial, path);
  await files.rm(journalPath, { force: true });
};
