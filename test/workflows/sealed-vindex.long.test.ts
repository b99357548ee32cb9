import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { RepoId } from '../../core/ids.js';
import { generateLlama } from '../../dev/checkpoint/llama.js';
import { installStandIn } from '../../dev/larql/install.js';
import { readRuns } from '../../dev/larql/runs.js';
import { TestEnvironment } from '../support/test-environment.js';
import { before, damage, findInScratch } from './damage.js';

let testEnvironment: TestEnvironment;
afterEach(() => testEnvironment.close());

describe('a byte that changes on disk after sealing', () => {
  it('causes a new extraction when the build shares the file with the extraction', async () => {
    const programs = await mkdtemp(join(tmpdir(), 'swp-sealed-larql-'));
    testEnvironment = await TestEnvironment.open('sealed', { larql: await installStandIn(programs, {}) });
    const [source, target] = [RepoId.parse(`labs/${testEnvironment.queue}-model`), RepoId.parse(`Acme/${testEnvironment.queue}-vindex`)];
    await testEnvironment.hub.admin.createRepo(source);
    await testEnvironment.hub.admin.commitFiles(source, generateLlama({ seed: 1 }).files, { message: 'A model' });
    let sealed = Buffer.alloc(0);
    before(testEnvironment, 'lfs-batch', async () => {
      sealed = await readFile(await findInScratch(testEnvironment, 'builds', 'interleaved_q4k.bin'));
      await damage(testEnvironment, 'builds', 'interleaved_q4k.bin', 1_000);
    });
    const entry = testEnvironment.entry({
      mtp_source_repo: undefined,
      mtp_sidecar_repo: undefined,
      source_model: source,
      quant: 'q4k',
      slices: ['full'],
      output_name: `${testEnvironment.queue}.vindex`,
      hf_repo: target,
    });
    await testEnvironment.start(entry);
    await testEnvironment.approve(1, entry);
    expect(await testEnvironment.result(entry)).toMatchObject({ outcome: 'published' });
    expect(sealed.equals(await testEnvironment.hub.admin.readFile(target, 'main', 'interleaved_q4k.bin'))).toBe(true);
    expect(readRuns(programs).filter(({ args }) => args[0] === 'extract' && args[1] === source)).toHaveLength(2);
    await rm(programs, { recursive: true, force: true });
  }, 120_000);
});
