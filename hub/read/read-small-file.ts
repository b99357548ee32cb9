import type { CommitSha, GitBlobId, RepoId, Sha256 } from '../../core/ids.js';
import { gitBlobOf, sha256Of } from '../../core/digests.js';
import { refuseRepeatedToken, type CallOptions } from '../call.js';
import type { Hub } from '../hub.js';
import { errorOfConnection } from '../errors.js';
import { readBody } from '../read-body.js';
import { retrying } from '../retry.js';
import { fileDiffers } from './file-differs.js';
import { openWhole } from './locate.js';
import { readTwiceIfWrong } from './read-twice.js';

export interface SmallFile {
  readonly repo: RepoId;
  readonly commit: CommitSha;
  readonly path: string;
  readonly maxBytes: number;
  /** The size and digests in the tree, which the bytes must match. */
  readonly file?: { readonly size: number; readonly gitBlob: GitBlobId; readonly lfs: Sha256 | null };
}

const digestMatches = (bytes: Uint8Array, file: NonNullable<SmallFile['file']>): boolean => {
  if (bytes.byteLength !== file.size) return false;
  return file.lfs === null ? gitBlobOf(bytes) === file.gitBlob : sha256Of(bytes) === file.lfs;
};

const readOnce = (hub: Hub, { repo, commit, path, maxBytes, file }: SmallFile, { signal }: CallOptions): Promise<Uint8Array> =>
  retrying(hub, signal, async () => {
    const { url, answer } = await openWhole(hub, { repo, commit, path, size: file?.size ?? 0, lfs: file?.lfs ?? null }, { signal });
    let bytes: Uint8Array;
    try {
      bytes = await readBody(hub.machine.clock, answer.body, maxBytes);
    } catch (error) {
      throw errorOfConnection(hub, { method: 'GET', url }, error);
    }
    refuseRepeatedToken(hub, { method: 'GET', url }, Buffer.from(bytes).toString('latin1'));
    return bytes;
  });

/**
 * Reads a whole small file at a commit into memory; reads it a second time if it differs from its listing.
 *
 * @throws SwpError `hub/file-not-found`, `hub/answer-too-large`, `hub/file-differs`
 */
export const readSmallFile = async (hub: Hub, wanted: SmallFile, options: CallOptions): Promise<Uint8Array> => {
  const { file } = wanted;
  const { value, isRight } = await readTwiceIfWrong(
    hub,
    fileDiffers(wanted),
    (from) => readOnce(from, wanted, options),
    (bytes) => file === undefined || digestMatches(bytes, file),
  );
  if (!isRight) throw fileDiffers(wanted);
  return value;
};
