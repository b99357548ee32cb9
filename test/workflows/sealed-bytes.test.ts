import { afterEach, describe, expect, it } from 'vitest';
import { scheduledSteps } from '../support/steps.js';
import { targetId } from '../../contract/names.js';
import { Workshop } from '../support/workshop.js';
import { before, damage } from './damage.js';

const CHUNK = 30_000;
let workshop: Workshop;
afterEach(() => workshop.close());

const publish = async () => {
  await workshop.start();
  await workshop.approve();
  return workshop.result();
};

describe('a byte that changes on disk after sealing', () => {
  it.each([
    ['in one piece', {}, 'put'],
    ['in parts', { multipartThreshold: CHUNK, chunkSize: CHUNK }, 'complete'],
  ] as const)(
    'is never sent to the end %s: the artifact is built again and published',
    async (_, hub, completing) => {
      workshop = await Workshop.open('sealed', { hub });
      before(workshop, 'lfs-batch', () => damage(workshop, 'builds', 'mtp.safetensors', 70_000));
      expect(await publish()).toMatchObject({ outcome: 'published' });
      const completed = workshop.hub.requests.filter(({ operation, status }) => operation === completing && status !== undefined);
      expect(completed.map(({ status }) => status)).toEqual([200]);
      expect(await scheduledSteps(workshop.temporal, targetId(workshop.target))).toMatchObject({ buildArtifact: 2, uploadArtifact: 2 });
    },
    120_000,
  );

  it('again and again is told to a person after three builds, and published once the disk is good', async () => {
    workshop = await Workshop.open('sealed', {});
    let isBad = true;
    workshop.hub.on(({ operation }) =>
      isBad && operation === 'lfs-batch' ? { kind: 'hold', until: damage(workshop, 'builds', 'mtp.safetensors', 70_000) } : undefined,
    );
    await workshop.start();
    await workshop.approve();
    await workshop.untilTarget('needs-attention');
    const target = workshop.targetHandle();
    expect(await target.query('target-status')).toMatchObject({
      problem: { code: 'scratch/lost', step: 'uploading', reason: expect.stringContaining('It was built 3 times.') },
    });
    isBad = false;
    await target.executeUpdate('resolve', { args: [{ action: 'retry' }] });
    expect(await workshop.result()).toMatchObject({ outcome: 'published' });
    expect(await scheduledSteps(workshop.temporal, targetId(workshop.target))).toMatchObject({ buildArtifact: 4 });
  }, 120_000);

  it('is built again too where the file goes along in the commit', async () => {
    workshop = await Workshop.open('sealed', {});
    before(workshop, 'lfs-batch', () => damage(workshop, 'sealed', 'LICENSE', 3));
    expect(await publish()).toMatchObject({ outcome: 'published' });
    expect(await scheduledSteps(workshop.temporal, targetId(workshop.target))).toMatchObject({ buildArtifact: 2 });
  }, 120_000);
});
