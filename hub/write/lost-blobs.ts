import type { RepoId } from '../../core/ids.js';
import type { CallOptions } from '../call.js';
import type { HubConfig } from '../config.js';
import { lfsBatch } from './lfs-batch.js';
import type { PartJournal } from './part-journal.js';
import type { UploadFile } from './upload-file.js';

/** The Hub drops what no commit refers to after 20 h (huggingface_hub, `_local_folder.py`); well before, it is asked again. */
const TRUSTED_MS = 15 * 3_600_000;

/**
 * Of blobs that were uploaded, those that the Hub does not have any more. It is asked only about those that it
 * was last seen with more than 15 h ago.
 */
export const findLostBlobs = async (
  hub: HubConfig,
  repo: RepoId,
  blobs: readonly UploadFile[],
  journal: PartJournal,
  options: CallOptions,
): Promise<UploadFile[]> => {
  const old = blobs.filter(({ sha256 }) => journal.ageOf(sha256) > TRUSTED_MS);
  const orders = await lfsBatch(hub, repo, old, options);
  const lost = old.filter(({ path }) => orders.get(path)?.kind !== 'stored');
  const gone = new Set(lost);
  await journal.stored(old.filter((file) => !gone.has(file)).map(({ sha256 }) => sha256));
  return lost;
};
