import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Output } from '../../../client/output/output.js';
import { openProgressLine } from '../../../client/output/progress-line.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const openLine = (isTTY: boolean) => {
  const kept = { err: '' };
  const err = { isTTY, rows: 5, write: (text: string) => void (kept.err += text) };
  const out = new Output({ out: { write: () => undefined }, err }, { json: false, colour: false });
  return { kept, ...openProgressLine(out, 'acme/x') };
};

it('prints rate and time left every 30 s without a terminal, also without progress', () => {
  const { kept, update, end } = openLine(false);
  update({ file: 'a.bin', doneBytes: 0, totalBytes: 90e6 });
  vi.advanceTimersByTime(15_000);
  update({ file: 'b.bin', doneBytes: 30e6, totalBytes: 90e6 });
  expect(kept.err).toBe('');
  vi.advanceTimersByTime(15_000);
  expect(kept.err).toBe('acme/x: b.bin, 30.0 MB of 90.0 MB, 1.00 MB/s, 1 min left\n');
  vi.advanceTimersByTime(30_000);
  expect(kept.err.split('\n')).toHaveLength(3);
  end();
  vi.advanceTimersByTime(60_000);
  expect(kept.err.split('\n')).toHaveLength(3);
});

it('overwrites its line on a terminal, and erases it at the end', () => {
  const { kept, update, end } = openLine(true);
  update({ file: 'gate_vectors', note: 'layer 1 of 30' });
  vi.advanceTimersByTime(400);
  expect(kept.err).toContain('acme/x: gate_vectors, layer 1 of 30');
  update({ file: 'gate_vectors', note: 'layer 2 of 30' });
  vi.advanceTimersByTime(400);
  expect(kept.err).toContain('\u001b[1A');
  kept.err = '';
  end();
  expect(kept.err).not.toContain('acme');
  expect(kept.err).not.toBe('');
});

it('restarts the rate when the count restarts', () => {
  const { kept, update, end } = openLine(false);
  update({ file: 'a.bin', doneBytes: 80e6, totalBytes: 90e6 });
  update({ file: 'b.bin', doneBytes: 0, totalBytes: 60e6 });
  vi.advanceTimersByTime(15_000);
  update({ file: 'b.bin', doneBytes: 30e6, totalBytes: 60e6 });
  vi.advanceTimersByTime(15_000);
  expect(kept.err).toContain('b.bin, 30.0 MB of 60.0 MB, 1.00 MB/s');
  end();
});
