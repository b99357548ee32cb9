import { join } from 'node:path';
import { SwpError } from '../../../core/error.js';
import type { CommitSha, RepoId } from '../../../core/ids.js';
import { compareDownMeta, type DownMetaDifference } from '../../../formats/vindex/compare-down-meta.js';
import { DOWN_META } from '../../../formats/vindex/file-names.js';
import type { Hub } from '../../../hub/hub.js';
import { downloadFile } from '../../../hub/read/download.js';
import { readTree } from '../../../hub/read/tree.js';
import { DirectoryReader } from '../../../larql/vindex-directory.js';
import type { ReportProgress } from '../../progress.js';

export interface PublishedDownMeta {
  readonly hub: Hub;
  readonly repo: RepoId;
  readonly commit: CommitSha;
  /** Receives the download. */
  readonly directory: string;
}

/**
 * Downloads the `down_meta.bin` of a target and compares its numbers with those of the one in a directory.
 *
 * @returns null in the cases of {@link compareDownMeta}
 */
export const comparePublished = async (
  { hub, repo, commit, directory }: PublishedDownMeta,
  built: string,
  report: ReportProgress,
  signal: AbortSignal,
): Promise<DownMetaDifference | null> => {
  const file = (await readTree(hub, repo, commit, { signal })).find(({ path }) => path === DOWN_META);
  if (file === undefined) throw new SwpError('integrity', 'rebuild/no-file', `${repo} at ${commit} does not list ${DOWN_META}.`);
  let doneBytes = 0;
  await downloadFile(hub, { repo, commit, ...file }, join(directory, DOWN_META), {
    signal,
    onBytes: (bytes) => report({ file: DOWN_META, doneBytes: (doneBytes += bytes), totalBytes: file.size }),
  });
  const { files } = hub.machine;
  const [published, rebuilt] = [new DirectoryReader(files, directory), new DirectoryReader(files, built)];
  try {
    return await compareDownMeta(
      (begin, end) => published.read(DOWN_META, begin, end),
      (begin, end) => rebuilt.read(DOWN_META, begin, end),
      file.size,
    );
  } finally {
    await published.close();
    await rebuilt.close();
  }
};
