import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { RepoId } from '../../core/ids.js';
import { generateLlama } from '../../dev/checkpoint/llama.js';
import { installStandIn } from '../../dev/larql/install.js';
import { readRuns } from '../../dev/larql/runs.js';
import { scheduledSteps } from '../support/steps.js';
import { targetId } from '../../workflows/names.js';
import { Workshop } from '../support/workshop.js';

const CHUNK = 30_000;
let workshop: Workshop;
afterEach(() => workshop.close());

const findInScratch = async (below: 'builds' | 'sealed', name: string): Promise<string> => {
  const root = workshop.layout()[below];
  const [path] = (await readdir(root, { recursive: true })).filter((found) => found.endsWith(name));
  return join(root, path!);
};

/** Flips a bit of a built or sealed file, as a bad disk would. */
const damage = async (below: 'builds' | 'sealed', name: string, place: number): Promise<void> => {
  const file = await open(await findInScratch(below, name), 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, place);
  byte[0]! ^= 1;
  await file.write(byte, 0, 1, place);
  await file.close();
};

/** Runs something before the first exchange of an operation goes on. */
const before = (operation: 'lfs-batch', run: () => Promise<void>): void => {
  let seen = false;
  workshop.hub.on((exchange) => {
    if (seen || exchange.operation !== operation) return undefined;
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

  it('is extracted again where the build shares it with the extraction', async () => {
    const programs = await mkdtemp(join(tmpdir(), 'swp-sealed-larql-'));
    workshop = await Workshop.open('sealed', { larql: await installStandIn(programs, {}) });
    const [source, target] = [RepoId.parse(`labs/${workshop.queue}-model`), RepoId.parse(`Acme/${workshop.queue}-vindex`)];
    await workshop.hub.admin.createRepo(source);
    await workshop.hub.admin.commitFiles(source, generateLlama({ seed: 1 }).files, { message: 'A model' });
    let sealed = Buffer.alloc(0);
    before('lfs-batch', async () => {
      sealed = await readFile(await findInScratch('builds', 'interleaved_q4k.bin'));
      await damage('builds', 'interleaved_q4k.bin', 1_000);
    });
    const entry = workshop.entry({
      mtp_source_repo: undefined,
      mtp_sidecar_repo: undefined,
      source_model: source,
      quant: 'q4k',
      slices: ['full'],
      output_name: `${workshop.queue}.vindex`,
      hf_repo: target,
    });
    await workshop.start(entry);
    await workshop.approve(1, entry);
    expect(await workshop.result(entry)).toMatchObject({ outcome: 'published' });
    expect(sealed.equals(await workshop.hub.admin.readFile(target, 'main', 'interleaved_q4k.bin'))).toBe(true);
    expect(readRuns(programs).filter(({ args }) => args[0] === 'extract' && args[1] === source)).toHaveLength(2);
    await rm(programs, { recursive: true, force: true });
  }, 120_000);
});
