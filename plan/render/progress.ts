import { formatBytes } from '../../core/text.js';

/** What is known of a step that runs; bytes, and bytes a second. */
export interface ShownProgress {
  readonly file?: string | undefined;
  readonly fileDoneBytes?: number | undefined;
  readonly fileTotalBytes?: number | undefined;
  readonly doneBytes?: number | undefined;
  readonly totalBytes?: number | undefined;
  readonly doneFiles?: number | undefined;
  readonly totalFiles?: number | undefined;
  readonly rate?: number | undefined;
  readonly note?: string | undefined;
  /** Since when, as an ISO date, a call has failed that is tried again and again, and why. */
  readonly failing?: { readonly since: string; readonly reason: string } | undefined;
}

/** `1 h 5 min`, `3 min 20 s`, `45 s`: two units at most, as people say it. */
export const formatSeconds = (seconds: number): string => {
  const whole = Math.ceil(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  if (hours > 0) return minutes === 0 ? `${hours} h` : `${hours} h ${minutes} min`;
  if (minutes > 0) return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
  return `${rest} s`;
};

const ofBytes = (done: number | undefined, total: number | undefined): string | null =>
  done === undefined || total === undefined ? null : `${formatBytes(done)} of ${formatBytes(total)}`;

const timeLeft = ({ doneBytes, totalBytes, rate }: ShownProgress): string | null =>
  doneBytes === undefined || totalBytes === undefined || rate === undefined || rate <= 0 || doneBytes >= totalBytes
    ? null
    : `${formatSeconds((totalBytes - doneBytes) / rate)} left`;

const waitText = ({ note, failing }: ShownProgress): string | null =>
  failing === undefined ? (note ?? null) : `has failed since ${failing.since.replace(/\.\d+Z$/, 'Z')}: ${failing.reason}`;

/** The file that moved last, then everything: bytes, files, rate, what time is left, and why nothing moves. */
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
  return parts.filter((part) => part !== null).join(', ') || 'at work';
};
