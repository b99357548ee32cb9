import { expect, it } from 'vitest';
import { Output } from '../../../client/output/output.js';
import type { Running, Step } from '../../../temporal/running.js';
import type { PublishView } from '../../../client/publish/status.js';
import { showRunning } from '../../../client/publish/show-running.js';
import { openViewLines } from '../../../client/publish/watch.js';

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
const running = (id: string, stage: string | null, steps: readonly Step[] = []): Running & { readonly state: null } => ({
  id,
  runId: 'run',
  entry: 'acme/x',
  status: 'RUNNING',
  isOpen: true,
  stage,
  startedAt: new Date(0),
  since: new Date(Date.now() - 185_000),
  closedAt: null,
  steps,
  state: null,
  taskQueue: 'swp',
});
const view = (stage: string, step: Step = STEP): PublishView => ({
  publish: running('publish/acme/x', null),
  plan: null,
  decisions: [],
  releases: [],
  targets: [running('target/acme/x-mtp', stage, [step])],
  problems: [],
  waitingFor: [],
  previousHosts: [],
  // The last line, which does not fit on the terminal of these tests.
  unpolled: { role: 'highmem', queue: 'swp-highmem/host' },
});

const openLines = (isTTY: boolean, size: { rows: number; columns?: number } = { rows: 6 }) => {
  const clock = { now: 1_000_000 };
  const kept = { err: '' };
  const err = { isTTY, ...size, write: (text: string) => void (kept.err += text) };
  const out = new Output({ out: { write: () => undefined }, err }, { json: false, colour: false });
  return { clock, kept, ...openViewLines('acme/x', out, { workflow: (id) => `http://ui/${id}` }, () => clock.now) };
};

it('prints rate and time left every 30 s and at each stage without a terminal', () => {
  const { clock, kept, show } = openLines(false);
  show(view('uploading'));
  const line = 'acme/x: uploading; uploadArtifact mtp.safetensors, 5.00 MB of 20.0 MB, 1.00 MB/s, 15 s left\n';
  expect(kept.err).toBe(line);
  clock.now += 29_999;
  show(view('uploading'));
  expect(kept.err).toBe(line);
  clock.now += 1;
  show(view('uploading'));
  expect(kept.err).toBe(line + line);
  show(view('verifying'));
  expect(kept.err).toBe(line + line + line.replace('uploading', 'verifying'));
});

it('overwrites at most as many lines as the terminal has, and strips control characters', () => {
  const { kept, show, clear } = openLines(true);
  show(view('uploading'));
  kept.err = '';
  show(view('uploading', { ...STEP, progress: { step: 'uploading', file: '\u001b[9Aevil\nline' } }));
  expect(kept.err.startsWith('\u001b[5A')).toBe(true);
  expect(kept.err.split('\n')).toHaveLength(6);
  expect(kept.err).toContain('evil line');
  expect(kept.err).not.toMatch(/\u001b\[9A|No high-memory worker/);
  kept.err = '';
  clear();
  expect(kept.err).toBe('\u001b[5A\u001b[J');
});

it('shows rate and time left on a narrow terminal', () => {
  const { kept, show } = openLines(true, { rows: 24, columns: 40 });
  show(view('uploading', { ...STEP, progress: { ...STEP.progress!, file: 'a-long-name.safetensors' } }));
  expect(kept.err.replaceAll(/(?:\u001b\[2K|\s)+/g, ' ')).toContain('1.00 MB/s, 15 s left');
  for (const line of kept.err.replaceAll(/\u001b\[[?\d]*\w/g, '').split('\n')) expect(line.length).toBeLessThanOrEqual(40);
});

it('shows the page of the publish on a terminal', () => {
  const { kept, show } = openLines(true, { rows: 24 });
  show(view('uploading'));
  expect(kept.err).toContain('  see       http://ui/publish/acme/x');
});

it('shows relative times on a terminal', () => {
  const { kept, show } = openLines(true, { rows: 24 });
  show(view('uploading'));
  expect(kept.err).toContain('target/acme/x-mtp: uploading (since 3 minutes ago)');
});

it('erases a terminal line before it writes the line', () => {
  const { kept, show } = openLines(true, { rows: 24 });
  show(view('uploading'));
  // After the last column, an erase would delete the last character.
  expect(kept.err).toContain('\u001b[2K  target/acme/x-mtp: uploading');
  expect(kept.err).not.toMatch(/[^\n]\u001b\[\d?K\n/);
});

it('writes nothing while nothing changes, and never erases from the first row', () => {
  const { kept, show } = openLines(true, { rows: 24 });
  show(view('uploading'));
  const once = kept.err;
  show(view('uploading'));
  expect(kept.err).toBe(once);
  kept.err = '';
  show({ ...view('uploading'), targets: [] });
  // The erase comes after the lines above it are written.
  expect(kept.err).toMatch(/\n\u001b\[J/);
  expect(kept.err).not.toMatch(/A\u001b\[0?J/);
});

it('exits with the code of a problem although the listed stage lags behind it', () => {
  const out = new Output({ out: { write: () => undefined }, err: { write: () => undefined } }, { json: false, colour: false });
  const problem = { step: 'committing', code: 'hub/forbidden', kind: 'access' as const, reason: 'no access', hint: null };
  const lagging = { ...view('committing'), problems: [{ workflow: 'target/acme/x-mtp', problem }] };
  const addresses = { workflow: () => null };
  expect(showRunning('acme/x', lagging, addresses as never, { out })).toBe(6);
});
