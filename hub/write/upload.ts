import { Mutex } from 'async-mutex';
import { SwpError } from '../../core/error.js';
import type { RepoId } from '../../core/ids.js';
import { runAll } from '../../core/run-all.js';
import type { HubConfig } from '../config.js';
import { AdaptiveConcurrency } from './adaptive-concurrency.js';
import { lfsBatch, type UploadInstructions } from './lfs-batch.js';
import type { PartJournal } from './part-journal.js';
import { classifyUploads, type UploadModes } from './preupload.js';
import { isGracefulStop, sendParts, sendWhole, type SendOptions } from './send-object.js';
import { sendPartsReadOnce, sendWholeReadOnce } from './send-read-once.js';
import type { UploadFile } from './upload-file.js';
import { UploadMeter, type UploadProgress } from './upload-meter.js';

export type { UploadFile } from './upload-file.js';
export type { UploadProgress } from './upload-meter.js';
export { classifyUploads } from './preupload.js';

/** Addresses expire, and a completion's answer may be lost: the batch is then asked again, so often. */
const ORDERS_PER_FILE = 4;
const ASK_AGAIN = new Set(['hub/address-expired', 'hub/forbidden', 'hub/not-found', 'hub/refused', 'hub/quota']);
/** Enough that small files do not wait for each other's answers. */
const FILES_IN_FLIGHT = 8;

export interface UploadOptions {
  readonly signal: AbortSignal;
  /** What an earlier run has sent, and what this one does. */
  readonly journal: PartJournal;
  readonly shouldStop: () => boolean;
  readonly onProgress: (progress: UploadProgress) => void;
}

export interface UploadSummary extends UploadModes {
  /** Bytes sent now, and bytes that the Hub had already. */
  readonly sentBytes: number;
  readonly skippedBytes: number;
  /** Bytes of files that are only read once and that the Hub had from elsewhere: nobody here has seen them. */
  readonly unseenBytes: number;
}

/** Addresses for a plain PUT live a quarter of an hour (`hub.md` §D): older ones are asked for again. */
const FRESH_MS = 5 * 60_000;

interface Uploading {
  /** What the Hub said of all files at once, while that is fresh. */
  readonly prefetchedInstructions: (file: UploadFile) => UploadInstructions | undefined;
  readonly hub: HubConfig;
  readonly repo: RepoId;
  readonly journal: PartJournal;
  readonly meter: UploadMeter;
  readonly options: SendOptions;
  /** One file at a time is read once: its parts have the memory to themselves. */
  readonly readingOnce: Mutex;
}

/**
 * Sends what is missing of one object, by the addresses of its journal or by fresh ones.
 *
 * @returns whether all of it is known to have gone out from here
 */
const sendMissing = async (
  { hub, journal, meter, options, readingOnce }: Uploading,
  file: UploadFile,
  order: UploadInstructions | undefined,
): Promise<boolean> => {
  const counting: SendOptions = { ...options, onBytes: (bytes) => meter.sent(file, bytes) };
  const known = journal.find(file.sha256);
  if (order?.kind === 'stored') return false;
  if (order?.kind === 'basic') {
    await (file.readOnce ? sendWholeReadOnce : sendWhole)(hub, file, order, counting);
    return true;
  }
  const started = known ?? (order === undefined ? null : await journal.begin(file.sha256, order));
  if (started === null) throw new SwpError('internal', 'hub/no-order', `The Hub did not say where ${file.path} goes.`);
  if (file.readOnce) {
    // What an earlier run sent is only read again here: its digest does not tell which bytes went out then.
    const isWhole = started.etags.size === 0;
    const onSkipped = (bytes: number): void => meter.skipped(file, bytes);
    await readingOnce.runExclusive(() => sendPartsReadOnce(hub, file, started, journal, { ...counting, onSkipped }));
    return isWhole;
  }
  const there = started.order.parts.filter(({ number }) => started.etags.has(number));
  meter.skipped(
    file,
    there.reduce((sum, { begin, end }) => sum + end - begin, 0),
  );
  await sendParts(hub, file, started, journal, counting);
  return true;
};

/** Sends one object, asking for fresh addresses when the old ones are refused. What came with another digest is read again, once. */
const uploadObject = async (uploading: Uploading, file: UploadFile): Promise<void> => {
  const { hub, repo, journal, meter, options } = uploading;
  let differed = false;
  for (let orders = 1; ; orders += 1) {
    const first = orders === 1 ? uploading.prefetchedInstructions(file) : undefined;
    const order = journal.find(file.sha256) === null ? (first ?? (await lfsBatch(hub, repo, [file], options)).get(file.path)) : undefined;
    try {
      if (await sendMissing(uploading, file, order)) await journal.completed(file.sha256);
      else await journal.stored([file.sha256]);
      meter.ended(file);
      return;
    } catch (error) {
      if (!(error instanceof SwpError)) throw error;
      const differs = error.code === 'hub/source-differs';
      const again = orders < ORDERS_PER_FILE && (ASK_AGAIN.has(error.code) || (differs && !differed));
      differed ||= differs;
      if (again || differs) await journal.drop(file.sha256);
      if (!again) throw error;
      meter.anew(file);
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
  { signal, journal, shouldStop, onProgress }: UploadOptions,
): Promise<UploadSummary> => {
  const modes = await classifyUploads(hub, repo, files, { signal });
  // Files with equal bytes are one object.
  const blobs = [...new Map(files.filter(({ path }) => modes.lfs.has(path)).map((file) => [file.sha256, file])).values()];
  const meter = new UploadMeter(blobs, onProgress);
  const open = blobs.filter(({ sha256 }) => journal.find(sha256) === null);
  const orders = await lfsBatch(hub, repo, open, { signal });
  const askedAt = performance.now();
  const prefetchedInstructions: Uploading['prefetchedInstructions'] = ({ path }) =>
    performance.now() - askedAt < FRESH_MS ? orders.get(path) : undefined;
  const stored = new Set(open.filter(({ path }) => orders.get(path)?.kind === 'stored'));
  await journal.stored([...stored].map(({ sha256 }) => sha256));
  for (const file of stored) {
    meter.skipped(file, file.size);
    meter.ended(file);
  }
  const concurrency = new AdaptiveConcurrency();
  const readingOnce = new Mutex();
  await runAll(
    blobs.filter((file) => !stored.has(file)),
    (file, both) =>
      uploadObject(
        {
          prefetchedInstructions,
          hub,
          repo,
          journal,
          meter,
          readingOnce,
          options: { signal: both, concurrency, shouldStop, onBytes: () => undefined },
        },
        file,
      ),
    { concurrency: FILES_IN_FLIGHT, signal, aborts: (error) => !isGracefulStop(error) },
  );
  const unseen = blobs.filter(({ readOnce, sha256 }) => readOnce && !journal.isOurs(sha256));
  return {
    ...modes,
    sentBytes: meter.sentBytes,
    skippedBytes: meter.skippedBytes,
    unseenBytes: unseen.reduce((sum, { size }) => sum + size, 0),
  };
};
