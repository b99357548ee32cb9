import { expect, it } from 'vitest';
import { formatSeconds } from '../../core/text.js';
import { progressText, type ShownProgress } from '../../contract/progress.js';

it.each([
  [0.2, '1 s'],
  [59.5, '1 min'],
  [200, '3 min 20 s'],
  [3600, '1 h'],
  [3900, '1 h 5 min'],
])('%d seconds are shown as %s', (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});

it.each<[ShownProgress, string]>([
  [{}, 'working'],
  [{ file: 'mtp.safetensors', doneBytes: 5e6, totalBytes: 2e7, rate: 1e6 }, 'mtp.safetensors, 5.00 MB of 20.0 MB, 1.00 MB/s, 15 s left'],
  [
    {
      file: 'b.safetensors',
      fileDoneBytes: 1e6,
      fileTotalBytes: 4e6,
      doneBytes: 5e6,
      totalBytes: 8e6,
      doneFiles: 1,
      totalFiles: 2,
      rate: 0,
      note: 'retrying in 4 s: 503',
    },
    'b.safetensors 1.00 MB of 4.00 MB, 5.00 MB of 8.00 MB, 1 of 2 files, 0 B/s, retrying in 4 s: 503',
  ],
  [
    { note: 'retrying in 1 s: reset', failing: { since: '2026-11-30T10:00:00.000Z', reason: 'PUT https://host/x: 503' } },
    'failing since 2026-11-30T10:00:00Z: PUT https://host/x: 503',
  ],
  [{ note: 'retrying in 1 s: reset' }, 'retrying in 1 s: reset'],
])('%j is shown as %s', (progress, text) => {
  expect(progressText(progress)).toBe(text);
});
