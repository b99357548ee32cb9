import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reviewCatalogs } from '../../../publish/planning/review-catalogs.js';
import { EntrySnapshot } from '../../../catalog/snapshot.js';
import { RepoId, Sha256 } from '../../../core/ids.js';
import { generateCheckpoint } from '../../../dev/checkpoint/generate.js';
import { generateLlama } from '../../../dev/checkpoint/llama.js';
import { startLocalHub, type LocalHub } from '../../../dev/hub/index.js';
import { digestOf } from '../../../core/digests.js';
import { describeBytes, makeManifest, manifestDigest } from '../../../plan/manifest.js';
import { makeProvenance, provenanceText } from '../../../plan/provenance.js';
import type { VindexRecipe } from '../../../plan/recipe.js';
import { DECISION, PLAN_DIGEST, TOOLS } from '../../plan/fixtures.js';

const SOURCE = RepoId.parse('labs/tiny');
const TARGET = RepoId.parse('acme/tiny');
let directory: string;
let hub: LocalHub;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-review-'));
  hub = await startLocalHub({ directory });
  await hub.admin.createRepo(SOURCE);
});
afterEach(async () => {
  await hub.close();
  await rm(directory, { recursive: true, force: true });
});

const snapshot = (fields: object): EntrySnapshot =>
  EntrySnapshot.parse({ name: 'acme/tiny', entry: { key: 'tiny', tier: 'smoke', ...fields } });
const sidecar = (over: object = {}): EntrySnapshot => snapshot({ mtp_source_repo: SOURCE, mtp_sidecar_repo: TARGET, ...over });
const vindex = (over: object = {}): EntrySnapshot =>
  snapshot({ source_model: SOURCE, quant: 'q4k', slices: ['full'], output_name: 'tiny.vindex', hf_repo: TARGET, ...over });
const review = async (after: EntrySnapshot, before: EntrySnapshot | null = null, withinMs = 60_000) => {
  const change =
    before === null
      ? { change: 'added' as const, name: after.name, after }
      : { change: 'changed' as const, name: after.name, before, after };
  const deps = { hub: { endpoint: new URL(hub.url), attempts: 2 }, tools: TOOLS, proveShards: 1.5 };
  const [reviewed] = await reviewCatalogs(deps, [change], { withinMs }, new AbortController().signal);
  return reviewed!.artifacts[0]!;
};
const countFileRequests = (): number => hub.requests.filter(({ path }) => path.includes('/resolve/')).length;

describe('both sides of a change', () => {
  beforeEach(() => hub.admin.commitFiles(SOURCE, generateCheckpoint({ seed: 5, size: 'small' }).files, { message: 'A checkpoint' }));

  it('are planned once when their plans must be equal', async () => {
    await review(sidecar());
    const once = countFileRequests();
    await review(sidecar({ tier: 'moe' }), sidecar());
    expect(countFileRequests()).toBe(2 * once);
  });

  it('are planned separately when another field differs', async () => {
    const { changes } = await review(sidecar({ private: true }), sidecar());
    expect(changes).toContainEqual({ path: 'target.private', before: 'false', after: 'true' });
  });

  it('leave a side unknown when the time runs out', async () => {
    hub.on(() => ({ kind: 'hold', until: new Promise(() => undefined) }));
    const { after } = await review(sidecar(), null, 50);
    expect(after).toMatchObject({ plan: null, unknown: [{ code: 'late' }] });
  });
});

describe('a vindex', () => {
  beforeEach(() => hub.admin.commitFiles(SOURCE, generateLlama({ seed: 1 }).files, { message: 'A model' }));

  /** Puts a publish into the target: quantised weights, and a record that another larql made them. */
  const publish = async (): Promise<void> => {
    const recipe: VindexRecipe = {
      kind: 'vindex',
      conversion: 1,
      source: { repo: SOURCE, commit: await hub.admin.head(SOURCE) },
      quant: 'q4k',
      slice: 'full',
      level: 'all',
      selection: { files: 1, digest: digestOf([]) },
      larql: { sha256: Sha256.parse('7'.repeat(64)), blocks: 'ggml' },
      blas: {},
    };
    const weights = Buffer.from('weights');
    const manifest = makeManifest([describeBytes('interleaved_kquant.bin', weights)]);
    const provenance = makeProvenance({
      entry: 'acme/tiny',
      target: TARGET,
      recipe,
      recipeDigest: digestOf(recipe),
      planDigest: PLAN_DIGEST,
      decisions: [DECISION],
      manifest,
      tools: TOOLS,
      environment: null,
    });
    await hub.admin.createRepo(TARGET);
    await hub.admin.commitFiles(
      TARGET,
      new Map([
        ['interleaved_kquant.bin', weights],
        ['provenance.json', Buffer.from(provenanceText(provenance))],
      ]),
      { message: `Publish\n\nSWP-Plan: ${PLAN_DIGEST}\nSWP-Manifest: ${manifestDigest(manifest)}` },
    );
  };

  it('is planned with the larql of the published record, and lists larql as unknown', async () => {
    await publish();
    const { after } = await review(vindex());
    expect(after?.plan?.recipe).toMatchObject({ larql: { sha256: '7'.repeat(64), blocks: 'ggml' } });
    expect(after?.plan?.operations).toContainEqual(expect.objectContaining({ op: 'replace', path: 'interleaved_kquant.bin' }));
    expect(after?.unknown.map(({ code }) => code)).toEqual(['larql', 'write-access']);
  });

  it('has no plan when it was never published, but has findings about its source', async () => {
    const { after } = await review(vindex({ slices: ['expert-server'] }));
    expect(after).toMatchObject({ plan: null, unknown: [{ code: 'larql' }] });
    expect(after?.checks.filter(({ verdict }) => verdict === 'blocked').map(({ code }) => code)).not.toEqual([]);
  });
});
