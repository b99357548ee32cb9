import { createHash } from 'node:crypto';
import pMap from 'p-map';
import { gitBlobHash } from '../../core/digests.js';
import { GitBlobId, Sha256 } from '../../core/ids.js';
import type { Hub } from '../../hub/hub.js';
import { fileDiffers } from '../../hub/read/file-differs.js';
import { openFile } from '../../hub/read/range.js';
import { readAgainIfBroken } from '../../hub/read/read-twice.js';
import type { MirroredFile } from '../../plan/artifact-plan.js';
import type { RepoFile } from '../../hub/repo-file.js';
import type { SourceFacts } from '../../plan/facts.js';
import { GIT_BLOB_LIMIT } from '../../core/digests.js';
import { isMirrored } from '../../plan/plan-vision.js';

const FILES_IN_FLIGHT = 4;

export interface MirrorOptions {
  readonly signal: AbortSignal;
  /** Also reads large files, instead of trusting the digests that the Hub lists. */
  readonly everything?: boolean;
  /**
   * Called with the byte count of each chunk and its file. After a failure, called with the negative count of the
   * file's bytes.
   */
  readonly onBytes?: (bytes: number, file: string) => void;
}

/**
 * Reads a file and computes both digests. The digest must be the one that the Hub lists; if it is not, reads the file
 * once more.
 */
const hashFile = (hub: Hub, source: SourceFacts, file: RepoFile, options: MirrorOptions): Promise<MirroredFile> =>
  readAgainIfBroken(
    hub,
    (from) => hashFileOnce(from, source, file, options),
    ({ code }) => code === 'hub/file-differs',
  );

const hashFileOnce = async (hub: Hub, source: SourceFacts, file: RepoFile, { signal, onBytes }: MirrorOptions): Promise<MirroredFile> => {
  const { path, size, lfs } = file;
  const sha256 = createHash('sha256');
  const blob = gitBlobHash(size);
  const reader = openFile(hub, { repo: source.repo, commit: source.commit, path, size, lfs });
  let read = 0;
  try {
    for await (const chunk of reader.read(0, size, signal)) {
      sha256.update(chunk);
      blob.update(chunk);
      read += chunk.byteLength;
      onBytes?.(chunk.byteLength, path);
    }
    const found = { sha256: Sha256.parse(sha256.digest('hex')), gitBlob: GitBlobId.parse(blob.digest('hex')) };
    if (lfs === null ? found.gitBlob !== file.gitBlob : found.sha256 !== lfs) throw fileDiffers({ ...source, path });
    return { path, size, ...found, lfs: lfs !== null };
  } catch (error) {
    onBytes?.(-read, path);
    throw error;
  }
};

/**
 * Returns every file of a mirror of this source, with its digests. For large files in LFS, trusts the digest that the
 * Hub lists until they are mirrored. Reads all other files: the Hub lists no SHA-256 outside LFS, and a small file that
 * is in LFS here may be outside LFS in the target.
 */
export const readMirroredFiles = (hub: Hub, source: SourceFacts, options: MirrorOptions): Promise<MirroredFile[]> =>
  pMap(
    source.files.filter(({ path }) => isMirrored(path)),
    (file): Promise<MirroredFile> | MirroredFile =>
      options.everything !== true && file.lfs !== null && file.size > GIT_BLOB_LIMIT
        ? { path: file.path, size: file.size, sha256: file.lfs, lfs: true }
        : hashFile(hub, source, file, options),
    { concurrency: FILES_IN_FLIGHT, signal: options.signal },
  );
