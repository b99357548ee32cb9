import { afterEach, describe, expect, it } from 'vitest';
import { scheduledSteps } from '../support/steps.js';
import { targetId } from '../../contract/names.js';
import { TestEnvironment } from '../support/test-environment.js';
import { before, damage } from './damage.js';

const CHUNK = 30_000;
let testEnvironment: TestEnvironment;
afterEach(() => testEnvironment.close());

const publish = async () => {
  await testEnvironment.start();
  await testEnvironment.approve();
  return testEnvironment.result();
};

describe('a byte that changes on disk after sealing', () => {
  it.each([
    ['in one piece', {}, 'put'],
    ['in parts', { multipartThreshold: CHUNK, chunkSize: CHUNK }, 'complete'],
  ] as const)(
    'is detected during an upload %s, and the artifact is built again and published',
    async (_, hub, completing) => {
      testEnvironment = await TestEnvironment.open('sealed', { hub });
      before(testEnvironment, 'lfs-batch', () => damage(testEnvironment, 'builds', 'mtp.safetensors', 70_000));
      expect(await publish()).toMatchObject({ outcome: 'published' });
      const completed = testEnvironment.hub.requests.filter(({ operation, status }) => operation === completing && status !== undefined);
      expect(completed.map(({ status }) => status)).toEqual([200]);
      expect(await scheduledSteps(testEnvironment.temporal, targetId(testEnvironment.target))).toMatchObject({
        buildArtifact: 2,
        uploadArtifact: 2,
      });
    },
    120_000,
  );

  it('pauses the target after three damaged builds, and a retry publishes it when the disk works again', async () => {
    testEnvironment = await TestEnvironment.open('sealed', {});
    let isBad = true;
    testEnvironment.hub.on(({ operation }) =>
      isBad && operation === 'lfs-batch'
        ? { kind: 'hold', until: damage(testEnvironment, 'builds', 'mtp.safetensors', 70_000) }
        : undefined,
    );
    await testEnvironment.start();
    await testEnvironment.approve();
    await testEnvironment.untilTarget('needs-attention');
    const target = testEnvironment.targetHandle();
    expect(await target.query('target-status')).toMatchObject({
      problem: { code: 'scratch/lost', step: 'uploading', reason: expect.stringContaining('It was built 3 times.') },
    });
    isBad = false;
    await target.executeUpdate('resolve', { args: [{ action: 'retry' }] });
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
    expect(await scheduledSteps(testEnvironment.temporal, targetId(testEnvironment.target))).toMatchObject({ buildArtifact: 4 });
  }, 120_000);

  it('is detected in a file that the commit itself carries, and the artifact is built again and published', async () => {
    testEnvironment = await TestEnvironment.open('sealed', {});
    before(testEnvironment, 'lfs-batch', () => damage(testEnvironment, 'sealed', 'LICENSE', 3));
    expect(await publish()).toMatchObject({ outcome: 'published' });
    expect(await scheduledSteps(testEnvironment.temporal, targetId(testEnvironment.target))).toMatchObject({ buildArtifact: 2 });
  }, 120_000);
});
