import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { RepoId } from '../../core/ids.js';
import { generateLlama } from '../../dev/checkpoint/llama.js';
import { installStandIn } from '../../dev/larql/install.js';
import { readRuns } from '../../dev/larql/runs.js';
import { Workshop } from '../support/workshop.js';
import { before, damage, findInScratch } from './damage.js';

let workshop: Workshop;
afterEach(() => workshop.close());

describe('a byte that changes on disk after sealing', () => {
  it('is extracted again where the build shares it with the extraction', async () => {
    const programs = await mkdtemp(join(tmpdir(), 'swp-sealed-larql-'));
    workshop = await Workshop.open('sealed', { larql: await installStandIn(programs, {}) });
    const [source, target] = [RepoId.parse(`labs/${workshop.queue}-model`), RepoId.parse(`Acme/${workshop.queue}-vindex`)];
    await workshop.hub.admin.createRepo(source);
    await workshop.hub.admin.commitFiles(source, generateLlama({ seed: 1 }).files, { message: 'A model' });
    let sealed = Buffer.alloc(0);
    before(workshop, 'lfs-batch', async () => {
      sealed = await readFile(await findInScratch(workshop, 'builds', 'interleaved_q4k.bin'));
      await damage(workshop, 'builds', 'interleaved_q4k.bin', 1_000);
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
