import { expect, it } from 'vitest';
import { Output } from '../../../client/output/output.js';
import type { Step } from '../../../client/publish/read.js';
import type { PublishView, Standing } from '../../../client/publish/status.js';
import { viewTeller } from '../../../client/publish/watch.js';

const STEP: Step = {
  activity: 'uploadArtifact',
  attempt: 1,
  progress: { step: 'uploading', file: 'mtp.safetensors', doneBytes: 5e6, totalBytes: 2e7, rate: 1e6 },
  lastFailure: null,
  waitsForWorker: false,
  queue: null,
  host: null,
  lost: false,
  refused: false,
};
const running = (id: string, stage: string | null, steps: readonly Step[] = []): Standing => ({
  id,
  runId: 'run',
  entry: 'acme/x',
  status: 'RUNNING',
  stage,
  startedAt: new Date(0),
  since: new Date(Date.now() - 185_000),
  closedAt: null,
  steps,
  memo: {},
  taskQueue: 'swp',
  events: 1,
});
const view = (stage: string, step: Step = STEP): PublishView => ({
  publish: running('publish/acme/x', null),
  plan: null,
  decisions: [],
  repos: [],
  releases: [],
  targets: [running('target/acme/x-mtp', stage, [step])],
  problems: [],
  waitingFor: [],
  left: [],
  // The last line, which does not fit on the terminal of these tests.
  missing: { role: 'highmem', queue: 'swp-highmem/host' },
});

const tellerOn = (isTTY: boolean, size: { rows: number; columns?: number } = { rows: 6 }) => {
  const clock = { now: 1_000_000 };
  const kept = { err: '' };
  const err = { isTTY, ...size, write: (text: string) => void (kept.err += text) };
  const out = new Output({ out: { write: () => undefined }, err }, { json: false, colour: false });
  return { clock, kept, ...viewTeller('acme/x', out, { workflow: (id) => `http://ui/${id}` }, () => clock.now) };
};

it('without a terminal a line with rate and time left comes every half minute, and with each stage', () => {
  const { clock, kept, tell } = tellerOn(false);
  tell(view('uploading'));
  const line = 'acme/x: uploading; uploadArtifact mtp.safetensors, 5.00 MB of 20.0 MB, 1.00 MB/s, 15 s left\n';
  expect(kept.err).toBe(line);
  clock.now += 29_999;
  tell(view('uploading'));
  expect(kept.err).toBe(line);
  clock.now += 1;
  tell(view('uploading'));
  expect(kept.err).toBe(line + line);
  tell(view('verifying'));
  expect(kept.err).toBe(line + line + line.replace('uploading', 'verifying'));
});

it('on a terminal the lines are painted over, never more than it has rows, and no text from outside can move the cursor', () => {
  const { kept, tell, clear } = tellerOn(true);
  tell(view('uploading'));
  kept.err = '';
  tell(view('uploading', { ...STEP, progress: { step: 'uploading', file: '\u001b[9Aevil\nline' } }));
  expect(kept.err.startsWith('\u001b[5A')).toBe(true);
  expect(kept.err.split('\n')).toHaveLength(6);
  expect(kept.err).toContain('evil line');
  expect(kept.err).not.toMatch(/\u001b\[9A|No high-memory worker/);
  kept.err = '';
  clear();
  expect(kept.err).toBe('\u001b[5A\u001b[J');
});

it('on a terminal rate and time left are shown, however narrow it is', () => {
  const { kept, tell } = tellerOn(true, { rows: 24, columns: 40 });
  tell(view('uploading', { ...STEP, progress: { ...STEP.progress!, file: 'a-long-name.safetensors' } }));
  expect(kept.err.replaceAll(/(?:\u001b\[2K|\s)+/g, ' ')).toContain('1.00 MB/s, 15 s left');
  for (const line of kept.err.replaceAll(/\u001b\[[?\d]*\w/g, '').split('\n')) expect(line.length).toBeLessThanOrEqual(40);
});

it('on a terminal the page of the publish is named, where it is known', () => {
  const { kept, tell } = tellerOn(true, { rows: 24 });
  tell(view('uploading'));
  expect(kept.err).toContain('  see       http://ui/publish/acme/x');
});

it('on a terminal a moment is told as it is seen from now', () => {
  const { kept, tell } = tellerOn(true, { rows: 24 });
  tell(view('uploading'));
  expect(kept.err).toContain('target/acme/x-mtp: uploading (since 3 minutes ago)');
});

it('on a terminal a line as wide as it keeps its last character', () => {
  const { kept, tell } = tellerOn(true, { rows: 24 });
  tell(view('uploading'));
  // Erased first: behind the last column there is no place from which to erase.
  expect(kept.err).toContain('\u001b[2K  target/acme/x-mtp: uploading');
  expect(kept.err).not.toMatch(/[^\n]\u001b\[\d?K\n/);
});

it('on a terminal nothing is written while nothing changes, and never is the screen erased from its first row', () => {
  const { kept, tell } = tellerOn(true, { rows: 24 });
  tell(view('uploading'));
  const once = kept.err;
  tell(view('uploading'));
  expect(kept.err).toBe(once);
  kept.err = '';
  tell({ ...view('uploading'), targets: [] });
  // What is erased lies below lines that were written before it.
  expect(kept.err).toMatch(/\n\u001b\[J/);
  expect(kept.err).not.toMatch(/A\u001b\[0?J/);
});
