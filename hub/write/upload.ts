import { Mutex } from 'async-mutex';
import { SwpError } from '../../core/error.js';
import type { RepoId } from '../../core/ids.js';
import { runAll } from '../../core/run-all.js';
import type { Hub } from '../hub.js';
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

/**
 * Maximum attempts per file: addresses expire, and the answer to a completion may be lost; then a new batch request
 * follows.
 */
const ATTEMPTS_PER_FILE = 4;
const NEW_BATCH_CODES = new Set(['hub/address-expired', 'hub/forbidden', 'hub/not-found', 'hub/refused', 'hub/quota']);
/** Enough files that small ones do not wait for each other's answers. */
const FILES_IN_FLIGHT = 8;

export interface UploadOptions {
  readonly signal: AbortSignal;
  /** Records the parts that this run and earlier runs have sent. */
  readonly journal: PartJournal;
  readonly shouldStop: () => boolean;
  readonly onProgress: (progress: UploadProgress) => void;
}

export interface UploadSummary extends UploadModes {
  /** Bytes sent in this run, and bytes that the Hub already had. */
  readonly sentBytes: number;
  readonly skippedBytes: number;
  /** Bytes of read-once files that were not sent completely from here, for example because the Hub already had them. */
  readonly unseenBytes: number;
}

/** Maximum age of prefetched instructions: addresses for a plain PUT live a quarter of an hour. */
const FRESH_MS = 5 * 60_000;

interface Uploading {
  /** Returns the instructions from the batch for all files while they are fresh. */
  readonly prefetchedInstructions: (file: UploadFile) => UploadInstructions | undefined;
  readonly hub: Hub;
  readonly repo: RepoId;
  readonly journal: PartJournal;
  readonly meter: UploadMeter;
  readonly options: SendOptions;
  /** Serializes read-once files, so that the parts of only one such file are in memory. */
  readonly readOnceMutex: Mutex;
}

/**
 * Sends the missing bytes of one object, with the addresses of its journal or with new ones.
 *
 * @returns true if the whole object is known to have been sent from here
 */
const sendMissing = async (
  { hub, journal, meter, options, readOnceMutex }: Uploading,
  file: UploadFile,
  instructions: UploadInstructions | undefined,
): Promise<boolean> => {
  const counting: SendOptions = { ...options, onBytes: (bytes) => meter.sent(file, bytes) };
  const known = journal.find(file.sha256);
  if (instructions?.kind === 'stored') return false;
  if (instructions?.kind === 'basic') {
    await (file.readOnce ? sendWholeReadOnce : sendWhole)(hub, file, instructions, counting);
    return true;
  }
  const started = known ?? (instructions === undefined ? null : await journal.begin(file.sha256, instructions));
  if (started === null) throw new SwpError('internal', 'hub/no-instructions', `The Hub sent no upload instructions for ${file.path}.`);
  if (file.readOnce) {
    // Parts of an earlier run are only read again here: their digest does not show which bytes that run sent.
    const isWhole = started.etags.size === 0;
    const onSkipped = (bytes: number): void => meter.skipped(file, bytes);
    await readOnceMutex.runExclusive(() => sendPartsReadOnce(hub, file, started, journal, { ...counting, onSkipped }));
    return isWhole;
  }
  const sentParts = started.instructions.parts.filter(({ number }) => started.etags.has(number));
  meter.skipped(
    file,
    sentParts.reduce((sum, { begin, end }) => sum + end - begin, 0),
  );
  await sendParts(hub, file, started, journal, counting);
  return true;
};

/**
 * Sends one object, and requests new addresses if the old ones are refused. Retries once if the source's digest
 * differs.
 */
const uploadObject = async (uploading: Uploading, file: UploadFile): Promise<void> => {
  const { hub, repo, journal, meter, options } = uploading;
  let differed = false;
  for (let attempt = 1; ; attempt += 1) {
    const prefetched = attempt === 1 ? uploading.prefetchedInstructions(file) : undefined;
    const instructions =
      journal.find(file.sha256) === null ? (prefetched ?? (await lfsBatch(hub, repo, [file], options)).get(file.path)) : undefined;
    try {
      if (await sendMissing(uploading, file, instructions)) await journal.completed(file.sha256);
      else await journal.stored([file.sha256]);
      meter.ended(file);
      return;
    } catch (error) {
      if (!(error instanceof SwpError)) throw error;
      const differs = error.code === 'hub/source-differs';
      const shouldRetry = attempt < ATTEMPTS_PER_FILE && (NEW_BATCH_CODES.has(error.code) || (differs && !differed));
      differed ||= differs;
      if (shouldRetry || differs) await journal.drop(file.sha256);
      if (!shouldRetry) throw error;
      meter.restart(file);
    }
  }
};

/**
 * Sends the blobs of files that the Hub keeps in LFS and does not have yet. Nothing becomes visible before the commit,
 * which also contains the small files.
 */
export const uploadBlobs = async (
  hub: Hub,
  repo: RepoId,
  files: readonly UploadFile[],
  { signal, journal, shouldStop, onProgress }: UploadOptions,
): Promise<UploadSummary> => {
  const modes = await classifyUploads(hub, repo, files, { signal });
  // Files with equal bytes are one object.
  const blobs = [...new Map(files.filter(({ path }) => modes.lfs.has(path)).map((file) => [file.sha256, file])).values()];
  const meter = new UploadMeter(blobs, onProgress);
  const open = blobs.filter(({ sha256 }) => journal.find(sha256) === null);
  const instructions = await lfsBatch(hub, repo, open, { signal });
  const fetchedAt = hub.machine.clock.elapsed();
  const prefetchedInstructions: Uploading['prefetchedInstructions'] = ({ path }) =>
    hub.machine.clock.elapsed() - fetchedAt < FRESH_MS ? instructions.get(path) : undefined;
  const stored = new Set(open.filter(({ path }) => instructions.get(path)?.kind === 'stored'));
  await journal.stored([...stored].map(({ sha256 }) => sha256));
  for (const file of stored) {
    meter.skipped(file, file.size);
    meter.ended(file);
  }
  const concurrency = new AdaptiveConcurrency();
  const readOnceMutex = new Mutex();
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
          readOnceMutex,
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
