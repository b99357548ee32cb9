import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EntrySnapshot } from '../../catalog/snapshot.js';
import { RepoId } from '../../core/ids.js';
import { generateGemma4 } from '../../dev/checkpoint/gemma4.js';
import { generateLlama } from '../../dev/checkpoint/llama.js';
import { type BehaviourInput, setBehaviour } from '../../dev/larql/behaviour.js';
import { installStandIn } from '../../dev/larql/install.js';
import { readRuns, type Run } from '../../dev/larql/runs.js';
import { parseProvenance } from '../../plan/provenance.js';
import { targetId } from '../../workflows/names.js';
import { installedLarql } from '../dev/larql/larqlFixture.js';
import { snapshotOf } from '../support/snapshot.js';
import { TOKENS, Workshop } from '../support/workshop.js';

const TIMEOUT_MS = 120_000;

let directory: string;
let workshop: Workshop;
let source: RepoId;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-vindex-'));
});
afterEach(async () => {
  await workshop.close();
  await rm(directory, { recursive: true, force: true });
});

interface Larql {
  readonly name: string;
  readonly path: () => Promise<string>;
}
const standIn = (behaviour: BehaviourInput = {}): Larql => ({ name: 'the stand-in', path: () => installStandIn(directory, behaviour) });
const NO_LARQL: Larql = { name: 'none', path: () => Promise.resolve(join(directory, 'none')) };

/** The stand-in, and the real program where there is one. */
const larqls = (): Larql[] => {
  const real = installedLarql();
  const found = [standIn(), ...(real === undefined ? [] : [{ name: `larql at ${real}`, path: () => Promise.resolve(real) }])];
  process.stderr.write(`Vindexes are published with ${found.map(({ name }) => name).join(' and ')}.\n`);
  return found;
};

const open = async (files: ReadonlyMap<string, Uint8Array>, larql: Larql = standIn()): Promise<void> => {
  workshop = await Workshop.open('vindex', larql === NO_LARQL ? {} : { larql: await larql.path() });
  source = RepoId.parse(`labs/${workshop.queue}-model`);
  await workshop.hub.admin.createRepo(source);
  await workshop.hub.admin.commitFiles(source, files, { message: 'A model' });
};

const targetOf = (slice: string): RepoId => RepoId.parse(`Acme/${workshop.queue}-${slice}-vindex`);
const entry = (slice = 'full'): EntrySnapshot =>
  workshop.entry(
    {
      mtp_source_repo: undefined,
      mtp_sidecar_repo: undefined,
      source_model: source,
      quant: 'q4k',
      slices: [slice],
      output_name: `${workshop.queue}-${slice}.vindex`,
      hf_repo: targetOf(slice),
    },
    `${workshop.queue}-${slice}`,
  );

const publish = async (slice = 'full') => {
  await workshop.start(entry(slice));
  const plan = await workshop.approve(1, entry(slice));
  return { plan, result: await workshop.result(entry(slice)) };
};
const published = (slice = 'full') => snapshotOf(workshop.hub.url, targetOf(slice), 'main', directory);
const sourceDownloads = (): number =>
  workshop.hub.requests.filter(
    ({ operation, repo, file, sent }) => operation === 'cdn' && repo === source && file === 'model.safetensors' && sent > 100_000,
  ).length;
const extractions = (): Run[] => readRuns(directory).filter(({ args }) => args[0] === 'extract' && args[1] === source);
const modelFolder = (): string => `models--${source.replace('/', '--')}`;
const blockedPlan = async (): Promise<string> => {
  await workshop.start(entry());
  const failure: unknown = await workshop.result(entry()).catch((error: unknown) => error);
  return String((failure as { cause?: unknown }).cause ?? failure);
};

describe.each(larqls())('a vindex made by $name', (larql) => {
  it(
    'is staged, extracted, proven and published with a card and a provenance that name its larql',
    async () => {
      await open(generateLlama({ seed: 1 }).files, larql);
      const { plan, result } = await publish();
      expect(result).toMatchObject({ outcome: 'published' });
      const found = await published();
      const provenance = parseProvenance(found.get('provenance.json')!.toString());
      expect(provenance.predicate.buildDefinition.externalParameters.recipe).toMatchObject({
        kind: 'vindex',
        quant: 'q4k',
        slice: 'full',
        larql: { blocks: 'early' },
      });
      expect(new Set(provenance.subject.map(({ name }) => name))).toEqual(
        new Set([...found.keys()].filter((path) => path !== 'provenance.json' && path !== '.gitattributes')),
      );
      const index = JSON.parse(found.get('index.json')!.toString()) as { model: string; source: Record<string, string> };
      expect(index).toMatchObject({
        model: source,
        source: { huggingface_repo: source, huggingface_revision: await workshop.hub.admin.head(source) },
      });
      expect(provenance.predicate.buildDefinition.internalParameters.environment).toMatchObject({
        cpu: expect.stringContaining(arch()),
        blas:
          larql.name === 'the stand-in' ? null : { name: expect.stringContaining('blas'), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      });
      expect(found.get('README.md')!.toString()).toContain('`hf download');
      expect(plan.artifacts[0]!.checks.filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'is unchanged when it is started again, and has the same bytes when it is made again',
    async () => {
      await open(generateLlama({ seed: 1 }).files, larql);
      await publish();
      const first = await published();
      await workshop.start(entry());
      expect(await workshop.result(entry())).toMatchObject({ outcome: 'unchanged' });
      await workshop.hub.admin.deleteRepo(targetOf('full'));
      await rm(join(workshop.directory, 'scratch', 'shared'), { recursive: true, force: true });
      await publish();
      const second = await published();
      for (const [path, bytes] of first)
        if (path !== 'provenance.json' && path !== 'README.md') expect(second.get(path)?.equals(bytes), path).toBe(true);
    },
    TIMEOUT_MS,
  );

  it(
    'and its expert-server slice are extracted once on one host',
    async () => {
      await open(generateGemma4({ seed: 1 }).files, larql);
      expect((await publish('full')).result).toMatchObject({ outcome: 'published' });
      const downloads = sourceDownloads();
      expect((await publish('expert-server')).result).toMatchObject({ outcome: 'published' });
      expect(sourceDownloads()).toBe(downloads);
      const slice = await published('expert-server');
      expect([...slice.keys()]).toEqual(expect.arrayContaining(['layers/layer_00.weights', 'layers/layer_01.weights', 'index.json']));
      expect([...slice.keys()]).not.toContain('gate_vectors.bin');
    },
    TIMEOUT_MS,
  );
});

describe('a vindex', () => {
  it(
    'is extracted by one run of larql without a token, and its slice by one more',
    async () => {
      await open(generateGemma4({ seed: 1 }).files);
      await publish('full');
      await publish('expert-server');
      const runs = readRuns(directory).filter(
        ({ args }) => !args.includes('--help') && !args.includes('--dry-run') && !args.includes('swp/probe'),
      );
      expect(runs.map(({ args }) => args.filter((word) => !word.startsWith('/')))).toEqual([
        ['extract', source, '--output', '--quant', 'q4k'],
        ['slice', '--output', '--preset', 'expert-server'],
      ]);
      for (const { env } of readRuns(directory)) {
        expect(Object.keys(env).filter((name) => /TOKEN|^SWP_(?!STAND_IN)|TEMPORAL/.test(name))).toEqual([]);
        expect(JSON.stringify(env)).not.toContain(TOKENS.write);
      }
    },
    TIMEOUT_MS,
  );

  it(
    'still says on what it was computed after a publish that mends its card alone',
    async () => {
      await open(generateLlama({ seed: 1 }).files);
      await publish();
      const computedOn = async () =>
        parseProvenance((await published()).get('provenance.json')!.toString()).predicate.buildDefinition.internalParameters.environment;
      const before = await computedOn();
      await workshop.hub.admin.commitFiles(targetOf('full'), new Map([['README.md', Buffer.from('A stranger')]]), { message: 'Edit' });
      expect((await publish()).plan.artifacts[0]).toMatchObject({ action: 'metadata-only' });
      expect(before?.cpu).toContain(arch());
      expect(await computedOn()).toEqual(before);
    },
    TIMEOUT_MS,
  );

  it(
    'is made of its own commit alone when another commit of the same source was staged before',
    async () => {
      await open(generateLlama({ seed: 1 }).files);
      await publish();
      const [first, before] = [await workshop.hub.admin.head(source), await published()];
      await workshop.hub.admin.commitFiles(source, generateLlama({ seed: 2 }).files, { message: 'Other weights' });
      expect((await publish()).result).toMatchObject({ outcome: 'published' });
      const [second, after] = [await workshop.hub.admin.head(source), await published()];
      expect(JSON.parse(after.get('index.json')!.toString())).toMatchObject({ source: { huggingface_revision: second } });
      expect(after.get('gate_vectors.bin')).not.toEqual(before.get('gate_vectors.bin'));
      const caches = extractions().map(({ env }) => readdirSync(join(env['HF_HUB_CACHE']!, modelFolder(), 'snapshots')));
      expect(caches).toEqual([[first], [second]]);
    },
    TIMEOUT_MS,
  );

  it(
    'that larql leaves incomplete is never sealed, and a retry with a larql that works ends published',
    async () => {
      await open(generateLlama({ seed: 1 }).files);
      await workshop.start(entry());
      await workshop.planOf(1, entry());
      await setBehaviour(directory, { skips: ['layers.1.mlp.down_proj.weight'] });
      await workshop.approve(1, entry());
      await workshop.until('needs-attention', targetId(targetOf('full')));
      const { trouble } = await workshop.temporal.client.workflow
        .getHandle(targetId(targetOf('full')))
        .query<{ trouble: { code: string; reason: string } }>('target-status');
      expect(trouble).toMatchObject({ code: 'larql/incomplete', reason: expect.stringContaining('not whole') });
      await setBehaviour(directory, {});
      await workshop.temporal.client.workflow
        .getHandle(targetId(targetOf('full')))
        .executeUpdate('resolve', { args: [{ action: 'retry' }] });
      expect(await workshop.result(entry())).toMatchObject({ outcome: 'published' });
    },
    TIMEOUT_MS,
  );

  it('is blocked in the plan where no host has larql', async () => {
    await open(generateLlama({ seed: 1 }).files, NO_LARQL);
    expect(await blockedPlan()).toContain('has no larql');
  });

  it('is blocked in the plan where the source is quantised already', async () => {
    await open(generateLlama({ seed: 1, dtypeOf: (name) => (name.includes('mlp') ? 'U32' : undefined) }).files);
    expect(await blockedPlan()).toContain('U32');
  });

  it('is blocked in the plan where the larql cannot extract even a tiny model', async () => {
    await open(generateLlama({ seed: 1 }).files, standIn({ blocks: 'wrong' }));
    expect(await blockedPlan()).toContain('cannot be used');
  });
});
