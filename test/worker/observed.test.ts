import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../dev/temporal/ports.js';
import { publishId, targetId } from '../../contract/names.js';
import { WorkerProcess } from '../support/worker-process.js';
import { TestEnvironment } from '../support/test-environment.js';
import { TOKENS } from '../support/tokens.js';

const TIMEOUT_MS = 120_000;

let testEnvironment: TestEnvironment;
let control: WorkerProcess;
let highmem: WorkerProcess;
let ports: { control: number; highmem: number };

const scrape = async (port: number): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();

/** The sum of a metric over its series that match. */
const sumOf = (metrics: string, name: string, labels = ''): number =>
  metrics
    .split('\n')
    .filter((line) => new RegExp(`^${name}(?:\\{|\\s)`).test(line) && line.includes(labels))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);

beforeAll(async () => {
  testEnvironment = await TestEnvironment.open('observed', { workers: false, hub: { multipartThreshold: 20_000, chunkSize: 20_000 } });
  let failed = false;
  testEnvironment.hub.on(({ operation }) => {
    if (failed || operation !== 'part') return undefined;
    failed = true;
    return { kind: 'status', status: 503 };
  });
  ports = { control: await freePort(), highmem: await freePort() };
  const start = (role: 'control' | 'highmem'): Promise<WorkerProcess> =>
    WorkerProcess.start(role, { ...testEnvironment.workerEnv(role), SWP_METRICS: String(ports[role]) });
  [control, highmem] = await Promise.all([start('control'), start('highmem')]);
  await testEnvironment.start();
  await testEnvironment.approve();
  await testEnvironment.result();
}, TIMEOUT_MS);

afterAll(async () => {
  await Promise.all([control, highmem].map((process) => process.kill()));
  await testEnvironment.close();
});

describe('the metrics of a worker', () => {
  it('count uploaded bytes, downloaded bytes and uploaded parts', async () => {
    const metrics = await scrape(ports.highmem);
    expect(sumOf(metrics, 'swp_uploaded_bytes_total')).toBeGreaterThan(60_000);
    expect(sumOf(metrics, 'swp_downloaded_bytes_total')).toBeGreaterThan(60_000);
    expect(sumOf(metrics, 'swp_uploaded_parts_total')).toBeGreaterThan(3);
  });

  it('count retried calls of the Hub by reason', async () => {
    expect(sumOf(await scrape(ports.highmem), 'swp_hub_retries_total', 'reason="hub/unavailable"')).toBe(1);
  });

  it('record the duration of steps by stage and outcome', async () => {
    expect(sumOf(await scrape(ports.highmem), 'swp_step_duration_seconds_count', 'outcome="uploaded",stage="uploading"')).toBe(1);
    expect(sumOf(await scrape(ports.control), 'swp_step_duration_seconds_count', 'stage="verifying"')).toBe(1);
  });

  it('count open publishes by stage, on the control worker only', async () => {
    await expect.poll(() => scrape(ports.control)).toContain('swp_publishes{stage="needs-attention"} 0');
    expect(await scrape(ports.highmem)).not.toContain('swp_publishes{');
  });

  it('share their port with the metrics of the SDK', async () => {
    const metrics = await scrape(ports.control);
    for (const name of ['temporal_request_total', 'temporal_worker_task_slots_available', 'temporal_num_pollers'])
      expect(metrics).toContain(`${name}{`);
  });
});

describe('a metrics port that is taken', () => {
  it('ends the worker with the exit code for invalid settings and names SWP_METRICS', async () => {
    const taken = WorkerProcess.start('control', { ...testEnvironment.workerEnv('control'), SWP_METRICS: String(ports.control) });
    await expect(taken).rejects.toThrow(/ended with 3:.*worker\/metrics-port.*SWP_METRICS/s);
  });
});

describe('the log of a worker', () => {
  it('records the entry, target, host and outcome of each step of an artifact', () => {
    const { name } = testEnvironment.entry();
    const ends = highmem.log.filter(({ outcome }) => outcome !== undefined);
    expect(ends.map(({ step }) => step)).toEqual(
      expect.arrayContaining(['probeHost', 'claimHost', 'buildArtifact', 'uploadArtifact', 'commitArtifact']),
    );
    expect(ends.find(({ step }) => step === 'uploadArtifact')).toMatchObject({
      level: 'info',
      entry: name,
      target: testEnvironment.target,
      stage: 'uploading',
      workflow: targetId(testEnvironment.target),
      run: expect.any(String),
      host: expect.any(String),
      attempt: 1,
      outcome: 'uploaded',
      durationMs: expect.any(Number),
    });
  });

  it('records the entry of a planning step', () => {
    const { name } = testEnvironment.entry();
    expect(control.log.find(({ step, outcome }) => step === 'planEntry' && outcome === 'ok')).toMatchObject({
      entry: name,
      stage: 'planning',
      workflow: publishId(name),
    });
  });

  it('warns about a retried call with its error code', () => {
    expect(highmem.log.find(({ level, waitMs }) => level === 'warn' && waitMs !== undefined)).toMatchObject({
      step: 'uploadArtifact',
      code: 'hub/unavailable',
      target: testEnvironment.target,
    });
  });

  it('contains no token', () => {
    expect(JSON.stringify([control.log, highmem.log])).not.toMatch(new RegExp(Object.values(TOKENS).join('|')));
  });
});
