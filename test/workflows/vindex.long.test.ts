import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { arch } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { generateGemma4 } from '../../dev/checkpoint/gemma4.js';
import { generateLlama } from '../../dev/checkpoint/llama.js';
import { setBehaviour } from '../../dev/larql/behaviour.js';
import { readRuns } from '../../dev/larql/runs.js';
import { parseProvenance } from '../../plan/provenance.js';
import { targetId } from '../../contract/names.js';
import { TOKENS } from '../support/tokens.js';
import { larqls, NO_LARQL, standIn, VindexEnvironment } from './vindex-environment.js';

const TIMEOUT_MS = 120_000;

let vindex: VindexEnvironment;
afterEach(() => vindex.close());

describe.each(larqls())('a vindex made by $name', (larql) => {
  it(
    'is unchanged on a second start, and a rebuild has the same bytes',
    async () => {
      vindex = await VindexEnvironment.open(generateLlama({ seed: 1 }).files, larql);
      await vindex.publish();
      const first = await vindex.published();
      await vindex.testEnvironment.start(vindex.entry());
      expect(await vindex.testEnvironment.result(vindex.entry())).toMatchObject({ outcome: 'unchanged' });
      await vindex.testEnvironment.hub.admin.deleteRepo(vindex.targetOf('full'));
      await rm(vindex.testEnvironment.layout().sharedRoot, { recursive: true, force: true });
      await vindex.publish();
      const second = await vindex.published();
      for (const [path, bytes] of first)
        if (path !== 'provenance.json' && path !== 'README.md') expect(second.get(path)?.equals(bytes), path).toBe(true);
    },
    TIMEOUT_MS,
  );

  it(
    'shares one extraction with its expert-server slice on the same host',
    async () => {
      vindex = await VindexEnvironment.open(generateGemma4({ seed: 1 }).files, larql);
      expect((await vindex.publish('full')).result).toMatchObject({ outcome: 'published' });
      const downloads = vindex.sourceDownloads();
      expect((await vindex.publish('expert-server')).result).toMatchObject({ outcome: 'published' });
      expect(vindex.sourceDownloads()).toBe(downloads);
      const slice = await vindex.published('expert-server');
      expect([...slice.keys()]).toEqual(expect.arrayContaining(['layers/layer_00.weights', 'layers/layer_01.weights', 'index.json']));
      expect([...slice.keys()]).not.toContain('gate_vectors.bin');
    },
    TIMEOUT_MS,
  );
});

describe('a vindex', () => {
  it(
    'is extracted by one run of larql without a token, and sliced by one more',
    async () => {
      vindex = await VindexEnvironment.open(generateGemma4({ seed: 1 }).files);
      await vindex.publish('full');
      await vindex.publish('expert-server');
      const runs = readRuns(vindex.directory).filter(
        ({ args }) => !args.includes('--help') && !args.includes('--dry-run') && !args.includes('swp/probe'),
      );
      expect(runs.map(({ args }) => args.filter((word) => !word.startsWith('/')))).toEqual([
        ['extract', vindex.source, '--output', '--quant', 'q4k'],
        ['slice', '--output', '--preset', 'expert-server'],
      ]);
      for (const { env } of readRuns(vindex.directory)) {
        expect(Object.keys(env).filter((name) => /TOKEN|^SWP_(?!STAND_IN)|TEMPORAL/.test(name))).toEqual([]);
        expect(JSON.stringify(env)).not.toContain(TOKENS.write);
      }
    },
    TIMEOUT_MS,
  );

  it(
    'keeps its recorded build environment after a metadata-only publish',
    async () => {
      vindex = await VindexEnvironment.open(generateLlama({ seed: 1 }).files);
      await vindex.publish();
      const recordedEnvironment = async () =>
        parseProvenance((await vindex.published()).get('provenance.json')!.toString()).predicate.buildDefinition.internalParameters
          .environment;
      const before = await recordedEnvironment();
      await vindex.testEnvironment.hub.admin.commitFiles(vindex.targetOf('full'), new Map([['README.md', Buffer.from('A stranger')]]), {
        message: 'Edit',
      });
      expect((await vindex.publish()).plan.artifacts[0]).toMatchObject({ action: 'metadata-only' });
      expect(before?.cpu).toContain(arch());
      expect(await recordedEnvironment()).toEqual(before);
    },
    TIMEOUT_MS,
  );

  it(
    'is built only from its own source commit when an earlier commit was staged before',
    async () => {
      vindex = await VindexEnvironment.open(generateLlama({ seed: 1 }).files);
      await vindex.publish();
      const [first, before] = [await vindex.testEnvironment.hub.admin.head(vindex.source), await vindex.published()];
      await vindex.testEnvironment.hub.admin.commitFiles(vindex.source, generateLlama({ seed: 2 }).files, { message: 'Other weights' });
      expect((await vindex.publish()).result).toMatchObject({ outcome: 'published' });
      const [second, after] = [await vindex.testEnvironment.hub.admin.head(vindex.source), await vindex.published()];
      expect(JSON.parse(after.get('index.json')!.toString())).toMatchObject({ source: { huggingface_revision: second } });
      expect(after.get('gate_vectors.bin')).not.toEqual(before.get('gate_vectors.bin'));
      const caches = vindex
        .extractions()
        .map(({ env }) => readdirSync(join(env['HF_HUB_CACHE']!, `models--${vindex.source.replace('/', '--')}`, 'snapshots')));
      expect(caches).toEqual([[first], [second]]);
    },
    TIMEOUT_MS,
  );

  it(
    'pauses when larql leaves it incomplete, and a retry with a working larql ends published',
    async () => {
      vindex = await VindexEnvironment.open(generateLlama({ seed: 1 }).files);
      await vindex.testEnvironment.start(vindex.entry());
      await vindex.testEnvironment.planOf(1, vindex.entry());
      await setBehaviour(vindex.directory, { skips: ['layers.1.mlp.down_proj.weight'] });
      await vindex.testEnvironment.approve(1, vindex.entry());
      await vindex.testEnvironment.until('needs-attention', targetId(vindex.targetOf('full')));
      const { problem } = await vindex.testEnvironment.temporal.client.workflow
        .getHandle(targetId(vindex.targetOf('full')))
        .query<{ problem: { code: string; reason: string } }>('target-status');
      expect(problem).toMatchObject({ code: 'larql/incomplete', reason: expect.stringContaining('wrong or incomplete') });
      await setBehaviour(vindex.directory, {});
      await vindex.testEnvironment.temporal.client.workflow
        .getHandle(targetId(vindex.targetOf('full')))
        .executeUpdate('resolve', { args: [{ action: 'retry' }] });
      expect(await vindex.testEnvironment.result(vindex.entry())).toMatchObject({ outcome: 'published' });
    },
    TIMEOUT_MS,
  );

  it('is blocked in the plan when no host has larql', async () => {
    vindex = await VindexEnvironment.open(generateLlama({ seed: 1 }).files, NO_LARQL);
    expect(await vindex.blockedPlan()).toContain('has no larql');
  });

  it('is blocked in the plan when the source is already quantised', async () => {
    vindex = await VindexEnvironment.open(generateLlama({ seed: 1, dtypeOf: (name) => (name.includes('mlp') ? 'U32' : undefined) }).files);
    expect(await vindex.blockedPlan()).toContain('U32');
  });

  it('is blocked in the plan when larql cannot extract even a tiny model', async () => {
    vindex = await VindexEnvironment.open(generateLlama({ seed: 1 }).files, standIn({ blocks: 'wrong' }));
    expect(await vindex.blockedPlan()).toContain('cannot be used');
  });
});
