import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { observeSteps } from '../../../worker/observe/observe-steps.js';

const APPROVED = { entryName: 'acme/tiny', plan: { target: { repo: 'Acme/tiny-MTP' } } };

interface Line {
  readonly level: string;
  readonly message: string;
  readonly outcome?: string;
  readonly code?: string;
  readonly durationMs?: number;
}

/** Runs one attempt of a step as the SDK would, and returns its log lines, counts, log attributes and error. */
const observed = async (
  { step = 'uploadArtifact', attempt = 1, args = [{ approved: APPROVED }] as unknown[], workflowId = 'target/acme/tiny-mtp' },
  run: () => Promise<unknown>,
) => {
  const lines: Line[] = [];
  const counted: unknown[] = [];
  const logAt = (level: string) => (message: string, fields: object) => void lines.push({ level, message, ...fields });
  const context = {
    info: { activityType: step, attempt, workflowExecution: { workflowId } },
    log: { debug: logAt('debug'), info: logAt('info'), warn: logAt('warn'), error: logAt('error') },
  };
  const { inbound, outbound } = observeSteps(
    { stepEnded: (end, seconds) => void counted.push({ ...end, seconds }) },
    'host-1',
  )(context as never);
  const thrown: unknown = await inbound!.execute!({ args, headers: {} }, run).catch((error: unknown) => error);
  const attributes = outbound!.getLogAttributes!({ attempt }, (given) => given);
  return { lines, counted, attributes, thrown };
};

const failing =
  (type: string, options: object = {}) =>
  () =>
    Promise.reject(ApplicationFailure.create({ type, message: 'why', ...options }));

describe('a step', () => {
  it('logs its start, and its outcome and duration at the end', async () => {
    const { lines } = await observed({}, () => Promise.resolve({ outcome: 'uploaded' }));
    expect(lines).toEqual([
      expect.objectContaining({ level: 'info', message: 'uploadArtifact begins' }),
      expect.objectContaining({ level: 'info', message: 'uploadArtifact: uploaded', outcome: 'uploaded', durationMs: expect.any(Number) }),
    ]);
  });

  it('is counted by stage, step and outcome', async () => {
    const { counted } = await observed({}, () => Promise.resolve({ outcome: 'uploaded' }));
    expect(counted).toEqual([{ stage: 'uploading', step: 'uploadArtifact', outcome: 'uploaded', seconds: expect.any(Number) }]);
  });

  it('warns when it starts another attempt', async () => {
    const { lines } = await observed({ attempt: 3 }, () => Promise.resolve());
    expect(lines[0]).toMatchObject({ level: 'warn', message: 'uploadArtifact begins again, attempt 3' });
  });

  it.each([
    ['a permanent failure', failing('hub/gated', { nonRetryable: true }), { level: 'warn', outcome: 'failed', code: 'hub/gated' }],
    ['a failure that is retried', failing('hub/stopping'), { level: 'warn', outcome: 'retried', code: 'hub/stopping' }],
    [
      'a plan that went stale',
      () => Promise.resolve({ outcome: 'stale', reason: 'moved' }),
      { level: 'warn', outcome: 'stale', reason: 'moved' },
    ],
    ['a worker that stops', failing('worker-stopping'), { level: 'info', outcome: 'stopping' }],
    ['a cancel', () => Promise.reject(new CancelledFailure('x')), { level: 'info', outcome: 'cancelled' }],
  ])('logs the outcome of %s', async (_what, run, expected) => {
    expect((await observed({}, run)).lines[1]).toMatchObject(expected);
  });

  it('rethrows its failure unchanged', async () => {
    const failure = ApplicationFailure.create({ type: 'x/y', message: 'why' });
    expect((await observed({}, () => Promise.reject(failure))).thrown).toBe(failure);
  });

  it('logs at debug level while it waits for a free host', async () => {
    const { lines } = await observed({ step: 'claimHost', attempt: 2 }, failing('host-busy'));
    expect(lines.map(({ level }) => level)).toEqual(['debug', 'debug']);
  });
});

describe('every log line of a step', () => {
  it.each([
    ['uploadArtifact', [{ approved: APPROVED, manifestDigest: 'x' }], { entry: 'acme/tiny', target: 'Acme/tiny-MTP', stage: 'uploading' }],
    ['buildArtifact', [APPROVED], { entry: 'acme/tiny', target: 'Acme/tiny-MTP', stage: 'building' }],
    ['checkPreconditions', [APPROVED.plan], { target: 'Acme/tiny-MTP' }],
    ['verifyArtifact', [{ target: 'Acme/tiny-MTP', commit: 'c' }], { target: 'Acme/tiny-MTP', stage: 'verifying' }],
    ['freeHost', [{ holder: 'target/acme/tiny-mtp' }], { target: 'acme/tiny-mtp' }],
  ])('has the attributes of %s', async (step, args, expected) => {
    const { attributes } = await observed({ step, args }, () => Promise.resolve());
    expect(attributes).toMatchObject({ ...expected, attempt: 1, host: 'host-1' });
  });

  it('names the entry during planning', async () => {
    const { attributes } = await observed(
      { step: 'planEntry', args: [{ entry: { name: 'acme/tiny', entry: {} } }], workflowId: 'publish/acme/tiny' },
      () => Promise.resolve(),
    );
    expect(attributes).toMatchObject({ entry: 'acme/tiny', stage: 'planning' });
  });

  it('takes unknown attributes from the id of the workflow', async () => {
    const { attributes } = await observed({ step: 'probeHost', args: [{ sources: [] }], workflowId: 'publish/acme/tiny' }, () =>
      Promise.resolve(),
    );
    expect(attributes).toMatchObject({ entry: 'acme/tiny', stage: 'planning' });
  });
});
