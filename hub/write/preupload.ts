import pMap from 'p-map';
import { z } from 'zod';
import { collectBytes } from '../../core/collect-bytes.js';
import { listToFirstFault } from '../../core/faults.js';
import { SwpError } from '../../core/error.js';
import { chunkArray } from '../../core/chunk-array.js';
import type { RepoId } from '../../core/ids.js';
import { formatBytes } from '../../core/text.js';
import { GIT_BLOB_LIMIT } from '../../core/digests.js';
import { callJson, hubUrl, jsonBody, type CallOptions } from '../call.js';
import type { Hub } from '../hub.js';
import { repoPath } from '../repo-path.js';
import type { UploadFile } from './upload-file.js';

const FILES_PER_CALL = 100;
/** Files sampled concurrently. A file may read a whole block to verify its first bytes. */
const FILES_IN_FLIGHT = 8;
/** The Hub uses a file's first bytes to guess if it is text. */
const SAMPLE_BYTES = 512;

const Answer = z.object({
  files: listToFirstFault(z.object({ path: z.string(), uploadMode: z.enum(['lfs', 'regular']), shouldIgnore: z.boolean().nullish() })),
});

export interface UploadModes {
  readonly lfs: ReadonlySet<string>;
  readonly regular: ReadonlySet<string>;
}

/**
 * Requests the Hub's decision for each file: in LFS or inside the commit.
 *
 * @throws SwpError `hub/ignored` if a `.gitignore` of the target would leave a file out, `hub/not-in-lfs` for a file that
 * would have to be in memory for the commit
 */
export const classifyUploads = async (
  hub: Hub,
  repo: RepoId,
  files: readonly UploadFile[],
  { signal }: CallOptions,
): Promise<UploadModes> => {
  const modes = new Map<string, 'lfs' | 'regular'>();
  for (const group of chunkArray(files, FILES_PER_CALL)) {
    const samples = await pMap(
      group,
      async ({ path, size, open }) => ({
        path,
        size,
        sample: (await collectBytes(open(0, Math.min(size, SAMPLE_BYTES)))).toString('base64'),
      }),
      { concurrency: FILES_IN_FLIGHT, signal },
    );
    const { value } = await callJson(
      hub,
      {
        method: 'POST',
        url: hubUrl(hub, `/api/models/${repoPath(repo)}/preupload/main`),
        signal,
        ...jsonBody({ files: samples }),
      },
      Answer,
    );
    for (const { path, uploadMode, shouldIgnore } of value.files) {
      if (shouldIgnore === true)
        throw new SwpError('conflict', 'hub/ignored', `A .gitignore in ${repo} excludes ${path}.`, {
          hint: 'Remove that rule from the target, then retry.',
        });
      modes.set(path, uploadMode);
    }
  }
  const missing = files.find(({ path }) => !modes.has(path));
  if (missing !== undefined) throw new SwpError('integrity', 'hub/bad-answer', `The Hub did not say how to upload ${missing.path}.`);
  const large = files.find(({ path, size }) => modes.get(path) === 'regular' && size > GIT_BLOB_LIMIT);
  if (large !== undefined)
    throw new SwpError(
      'conflict',
      'hub/not-in-lfs',
      `The Hub wants ${large.path} outside LFS, but it has ${formatBytes(large.size)}, and a commit can hold files of at most ${formatBytes(GIT_BLOB_LIMIT)}.`,
      { hint: `Give ${repo} a .gitattributes that keeps this file in LFS, then retry.` },
    );
  // `git lfs fsck` rejects the pointer of an empty file, even if `.gitattributes` puts the file in LFS.
  const goesToLfs = ({ path, size }: UploadFile): boolean => size > 0 && modes.get(path) === 'lfs';
  const pathsOf = (some: readonly UploadFile[]): Set<string> => new Set(some.map(({ path }) => path));
  return { lfs: pathsOf(files.filter(goesToLfs)), regular: pathsOf(files.filter((file) => !goesToLfs(file))) };
};
