import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { scheduledSteps } from '../support/steps.js';
import { targetId } from '../../workflows/names.js';
import { Workshop } from '../support/workshop.js';

const CHUNK = 30_000;
let workshop: Workshop;
afterEach(() => workshop.close());

/** Flips a bit of a built or sealed file, as a bad disk would. */
const damage = async (below: 'builds' | 'sealed', name: string, place: number): Promise<void> => {
  const root = join(workshop.directory, 'scratch', below);
  const [path] = (await readdir(root, { recursive: true })).filter((found) => found.endsWith(name));
  const file = await open(join(root, path!), 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, place);
  byte[0]! ^= 1;
  await file.write(byte, 0, 1, place);
  await file.close();
};

/** Runs something before the first exchange of an operation goes on. */
const before = (operation: 'preupload' | 'validate-yaml' | 'lfs-batch', run: () => Promise<void>): void => {
  let seen = false;
  workshop.hub.on((exchange) => {
    if (seen || exchange.operation !== operation || exchange.repo?.toLowerCase() !== workshop.target.toLowerCase()) return undefined;
    seen = true;
    return { kind: 'hold', until: run() };
  });
};

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
      before('lfs-batch', () => damage('builds', 'mtp.safetensors', 70_000));
      expect(await publish()).toMatchObject({ outcome: 'published' });
      const completed = workshop.hub.requests.filter(({ operation, status }) => operation === completing && status !== undefined);
      expect(completed.map(({ status }) => status)).toEqual([200]);
      expect(await scheduledSteps(workshop.temporal, targetId(workshop.target))).toMatchObject({ buildArtifact: 2, uploadArtifact: 2 });
    },
    120_000,
  );

  it('is built again too where the file goes along in the commit', async () => {
    workshop = await Workshop.open('sealed', {});
    before('lfs-batch', () => damage('sealed', 'LICENSE', 3));
    expect(await publish()).toMatchObject({ outcome: 'published' });
    expect(await scheduledSteps(workshop.temporal, targetId(workshop.target))).toMatchObject({ buildArtifact: 2 });
  }, 120_000);
});
