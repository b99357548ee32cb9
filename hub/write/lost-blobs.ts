import type { RepoId } from '../../core/ids.js';
import type { CallOptions } from '../call.js';
import type { Hub } from '../hub.js';
import { lfsBatch } from './lfs-batch.js';
import type { PartJournal } from './part-journal.js';
import type { UploadFile } from './upload-file.js';

/**
 * The Hub deletes unreferenced blobs after 20 h (huggingface_hub, `_local_folder.py`); blobs are checked again well
 * before.
 */
const TRUSTED_MS = 15 * 3_600_000;

/**
 * Returns the uploaded blobs that the Hub no longer has. Checks only blobs whose last confirmation by the Hub is more than
 * 15 h old.
 */
export const findLostBlobs = async (
  hub: Hub,
  repo: RepoId,
  blobs: readonly UploadFile[],
  journal: PartJournal,
  options: CallOptions,
): Promise<UploadFile[]> => {
  const old = blobs.filter(({ sha256 }) => journal.ageOf(sha256) > TRUSTED_MS);
  const instructions = await lfsBatch(hub, repo, old, options);
  const lost = old.filter(({ path }) => instructions.get(path)?.kind !== 'stored');
  const gone = new Set(lost);
  await journal.stored(old.filter((file) => !gone.has(file)).map(({ sha256 }) => sha256));
  return lost;
};
