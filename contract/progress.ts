import { z } from 'zod';
import { formatBytes, formatSeconds } from '../core/text.js';

/**
 * Heartbeat details of a running step: a hint for people, never the record of the work. Units: bytes, and bytes per
 * second.
 */
export const Progress = z.object({
  step: z.string(),
  host: z.string().optional(),
  file: z.string().optional(),
  fileDoneBytes: z.number().optional(),
  fileTotalBytes: z.number().optional(),
  doneBytes: z.number().optional(),
  totalBytes: z.number().optional(),
  doneFiles: z.number().optional(),
  totalFiles: z.number().optional(),
  rate: z.number().optional(),
  note: z.string().optional(),
  /** A call that has failed for an hour and is retried: the time of its first failure, as an ISO date, and the reason. */
  failing: z.object({ since: z.string(), reason: z.string() }).optional(),
});
export type Progress = z.infer<typeof Progress>;

export type ShownProgress = Omit<Progress, 'step' | 'host'>;

const ofBytes = (done: number | undefined, total: number | undefined): string | null =>
  done === undefined || total === undefined ? null : `${formatBytes(done)} of ${formatBytes(total)}`;

const timeLeft = ({ doneBytes, totalBytes, rate }: ShownProgress): string | null =>
  doneBytes === undefined || totalBytes === undefined || rate === undefined || rate <= 0 || doneBytes >= totalBytes
    ? null
    : `${formatSeconds((totalBytes - doneBytes) / rate)} left`;

const waitText = ({ note, failing }: ShownProgress): string | null =>
  failing === undefined ? (note ?? null) : `failing since ${failing.since.replace(/\.\d+Z$/, 'Z')}: ${failing.reason}`;

/** Formats progress: the file that moved last, then total bytes, files, rate, time left, and the reason why nothing moves. */
export const progressText = (progress: ShownProgress): string => {
  const { file, fileDoneBytes, fileTotalBytes, doneBytes, totalBytes, doneFiles, totalFiles, rate } = progress;
  const ofFile = ofBytes(fileDoneBytes, fileTotalBytes);
  const several = totalFiles !== undefined && totalFiles > 1;
  const all = ofBytes(doneBytes, totalBytes);
  const parts = [
    file === undefined ? null : `${file}${ofFile === null || !several ? '' : ` ${ofFile}`}`,
    all,
    several ? `${doneFiles ?? 0} of ${totalFiles} files` : null,
    rate === undefined ? null : `${formatBytes(rate)}/s`,
    timeLeft(progress),
    waitText(progress),
  ];
  return parts.filter((part) => part !== null).join(', ') || 'working';
};
