import { pathExists } from '../../../core/files.js';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { SwpError } from '../../../core/error.js';
import type { Files } from '../../../core/machine.js';
import type { Hub } from '../../../hub/hub.js';
import { downloadFile, type DownloadOptions } from '../../../hub/read/download.js';
import type { RangeReader } from '../../../hub/read/range.js';
import type { RepoFile } from '../../../hub/repo-file.js';
import type { SourceFacts } from '../../../plan/facts.js';

const READ_BYTES = 256 * 1024;

/** Returns the path of a staged shard. The file name is the digest, so that no external string becomes a path. */
export const stagedPath = (directory: string, { lfs, gitBlob }: Pick<RepoFile, 'lfs' | 'gitBlob'>): string =>
  join(directory, lfs ?? gitBlob);

const localReader = (files: Files, path: string): RangeReader => ({
  read: (begin, end) =>
    begin === end ? Readable.from([]) : files.createReadStream(path, { start: begin, end: end - 1, highWaterMark: READ_BYTES }),
});

/** Downloads one shard and checks it against the digest that its commit lists. */
const download = async (
  hub: Hub,
  source: Pick<SourceFacts, 'repo' | 'commit'>,
  file: RepoFile,
  path: string,
  options: DownloadOptions,
): Promise<void> => {
  try {
    await downloadFile(hub, { repo: source.repo, commit: source.commit, ...file }, path, options);
  } catch (cause) {
    if (!(cause instanceof SwpError) || cause.code !== 'hub/file-differs') throw cause;
    throw new SwpError('integrity', 'mtp/source-differs', `Two readings of a whole shard were wrong: ${cause.message}`, {
      cause: cause.cause,
      hint: 'Nothing was published. Check the path between this host and the Hub, then retry or move to another host. If it fails again, the source is damaged: tell its owner.',
    });
  }
};

/**
 * Downloads whole shards of a source into scratch, each once, and checks the digests that the commit lists. After a
 * kill, the next run resumes.
 *
 * @returns readers of the staged shards, by path in the source
 * @throws SwpError `mtp/source-differs`
 */
export const stageShards = async (
  hub: Hub,
  source: Pick<SourceFacts, 'repo' | 'commit'>,
  files: readonly RepoFile[],
  directory: string,
  options: DownloadOptions,
): Promise<ReadonlyMap<string, RangeReader>> => {
  const { files: local } = hub.machine;
  const readers = new Map<string, RangeReader>();
  for (const file of files) {
    const path = stagedPath(directory, file);
    if (await pathExists(local, path)) options.onBytes(file.size);
    else await download(hub, source, file, path, options);
    readers.set(file.path, localReader(local, path));
  }
  return readers;
};
