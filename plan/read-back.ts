import { formatBytes, plural } from '../core/text.js';
import type { ReadBackTotals } from '../hub/read/verify-files.js';

export const NOTHING_READ: ReadBackTotals = { bytes: 0, ofBytes: 0, wholeFiles: 0, sampledFiles: 0, unreadFiles: 0 };

/** Formats the bytes: `1.02 GB of 403 GB read back`. */
export const readBackText = ({ bytes, ofBytes }: Pick<ReadBackTotals, 'bytes' | 'ofBytes'>): string =>
  `${formatBytes(bytes)} of ${formatBytes(ofBytes)} read back`;

/** Formats the numbers of files, without those that are zero: `5 files whole, 6 in samples, 1 not at all`. */
export const readFilesText = ({ wholeFiles, sampledFiles, unreadFiles }: ReadBackTotals): string => {
  const parts = [
    [wholeFiles, 'whole'],
    [sampledFiles, 'in samples'],
    [unreadFiles, 'not at all'],
  ] as const;
  const [first, ...rest] = parts.filter(([count]) => count > 0);
  if (first === undefined) return 'no files';
  return [`${plural(first[0], 'file')} ${first[1]}`, ...rest.map(([count, how]) => `${count} ${how}`)].join(', ');
};
