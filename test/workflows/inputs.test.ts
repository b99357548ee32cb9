import { WorkflowFailedError } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { uniqueName } from '../support/temporal.js';
import { TestEnvironment } from '../support/test-environment.js';

let testEnvironment: TestEnvironment;
beforeAll(async () => {
  testEnvironment = await TestEnvironment.open('inputs');
});
afterAll(() => testEnvironment.close());

/** The failure of a workflow that is started with this input. */
const failureOf = async (workflow: string, input: unknown): Promise<ApplicationFailure> => {
  const args = input === undefined ? [] : [input];
  const started = await testEnvironment.temporal.client.workflow.start(workflow, {
    workflowId: uniqueName('by-hand'),
    taskQueue: testEnvironment.queue,
    args,
    // Ends a workflow that would otherwise loop forever.
    workflowExecutionTimeout: '10 seconds',
  });
  const error: unknown = await started.result().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(WorkflowFailedError);
  return (error as WorkflowFailedError).cause as ApplicationFailure;
};

const PUBLISH = { entry: { name: 'acme/x', entry: { key: 'x' } }, only: [] };

describe.each<[string, unknown, string]>([
  ['publishEntry', undefined, 'the input is missing'],
  ['publishEntry', 'acme/x', 'the input must be an object'],
  ['publishEntry', { entry: 'acme/x' }, 'entry must be an object; only is missing'],
  ['publishEntry', { ...PUBLISH, mistake: true }, 'the input has unknown fields: mistake'],
  ['publishEntry', { ...PUBLISH, only: ['mtx'] }, 'only.0 must be "vindex" or "mtp" or "vision"'],
  [
    'publishEntry',
    { ...PUBLISH, entry: { name: 'acme/x', entry: { key: 'x', hf_repo: 'acme/y', source_model: 'acme/x', quant: 'q9' } } },
    'planEntry cannot use this input',
  ],
  ['publishArtifact', { approved: {} }, 'approved.entryName is missing'],
  ['publishArtifact', 7, 'the input must be an object'],
  ['publishCampaign', { select: {} }, 'select'],
  ['revalidate', { which: 'daily' }, 'which'],
])('%s started by hand with %j', (workflow, input, message) => {
  it('fails with a message that names the mistake', async () => {
    expect(await failureOf(workflow, input)).toMatchObject({
      type: 'workflow/input',
      nonRetryable: true,
      message: expect.stringContaining(message),
    });
  });
});
