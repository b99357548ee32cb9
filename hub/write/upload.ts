import { SwpError } from '../../core/error.js';
import type { RepoId } from '../../core/ids.js';
import type { HubConfig } from '../config.js';
import { lfsBatch } from './lfs-batch.js';
import { classifyUploads, type UploadModes } from './preupload.js';
import { sendObject } from './send-object.js';
import type { UploadFile } from './upload-file.js';

export type { UploadFile } from './upload-file.js';
export { classifyUploads } from './preupload.js';

/** Addresses expire, and a completion's answer may be lost: the batch is then asked again, so often. */
const ORDERS_PER_FILE = 4;
const ASK_AGAIN = new Set(['hub/forbidden', 'hub/not-found', 'hub/refused', 'hub/quota']);

export interface UploadOptions {
  readonly signal: AbortSignal;
  readonly stopRequested: () => boolean;
  readonly onProgress: (progress: { readonly file: string; readonly sentBytes: number; readonly totalBytes: number }) => void;
}

export interface UploadSummary extends UploadModes {
  /** Bytes sent now, and bytes that the Hub had already. */
  readonly sentBytes: number;
  readonly skippedBytes: number;
}

/** Sends one object, asking for fresh addresses when the old ones are refused; answers the bytes sent. */
const uploadObject = async (hub: HubConfig, repo: RepoId, file: UploadFile, options: UploadOptions): Promise<number> => {
  let sent = 0;
  for (let orders = 1; ; orders += 1) {
    const order = (await lfsBatch(hub, repo, [file], options)).get(file.path);
    if (order === undefined || order.kind === 'stored') return sent;
    let done = 0;
    try {
      await sendObject(hub, file, order, {
        signal: options.signal,
        stopRequested: options.stopRequested,
        onSent: (bytes) => {
          done += bytes;
          sent += bytes;
          options.onProgress({ file: file.path, sentBytes: done, totalBytes: file.size });
        },
      });
      return sent;
    } catch (error) {
      if (orders >= ORDERS_PER_FILE || !(error instanceof SwpError) || !ASK_AGAIN.has(error.code)) throw error;
    }
  }
};

/**
 * Sends the blobs of files that the Hub keeps in LFS and does not have yet. Nothing becomes visible: that is
 * the commit's work, which also carries the small files.
 */
export const uploadBlobs = async (
  hub: HubConfig,
  repo: RepoId,
  files: readonly UploadFile[],
  options: UploadOptions,
): Promise<UploadSummary> => {
  const modes = await classifyUploads(hub, repo, files, options);
  const blobs = files.filter(({ path }) => modes.lfs.has(path));
  const orders = await lfsBatch(hub, repo, blobs, options);
  let sentBytes = 0;
  let skippedBytes = 0;
  for (const file of blobs) {
    if (orders.get(file.path)?.kind === 'stored') skippedBytes += file.size;
    // Asked again for each file: addresses for a plain PUT live minutes, and the files before it may take hours.
    else sentBytes += await uploadObject(hub, repo, file, options);
  }
  return { ...modes, sentBytes, skippedBytes };
};
