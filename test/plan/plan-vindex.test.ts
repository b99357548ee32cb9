import { describe, expect, it } from 'vitest';
import { RepoId, Sha256 } from '../../core/ids.js';
import { generateGemma4 } from '../../dev/checkpoint/gemma4.js';
import { generateLlama } from '../../dev/checkpoint/llama.js';
import { headerOfFile } from '../../formats/safetensors/header.js';
import { describeSource, filesToRead, type SourceModel } from '../../formats/vindex/source-model.js';
import type { ArtifactPlan } from '../../plan/artifact-plan.js';
import { canonicalJson } from '../../core/digests.js';
import type { RepoFile } from '../../hub/repo-file.js';
import type { LarqlFacts, SourceFacts } from '../../plan/facts.js';
import { payloadPaths } from '../../plan/payload.js';
import { planVindex, type VindexPlanInput } from '../../plan/plan-vindex.js';
import { PLAIN } from '../../plan/render/paint.js';
import { planText } from '../../plan/render/terminal.js';
import { absentTarget, bytesFile, commit, plan as mtpPlan, PLAN_DIGEST, TOOLS } from './fixtures.js';

const SOURCE = RepoId.parse('labs/tiny');
const LLAMA = generateLlama({ seed: 1 }).files;
const GEMMA = generateGemma4({ seed: 1 }).files;

const facts = (files: ReadonlyMap<string, Uint8Array>): RepoFile[] => [...files].map(([path, bytes]) => bytesFile(path, bytes));

const source = (files: ReadonlyMap<string, Uint8Array>): SourceFacts => ({
  repo: SOURCE,
  commit: commit('a'),
  private: false,
  gated: false,
  license: { id: 'apache-2.0', name: null, link: null },
  files: facts(files),
});

const modelOf = (files: ReadonlyMap<string, Uint8Array>, read: readonly string[]): SourceModel => {
  const described = describeSource(
    JSON.parse(new TextDecoder().decode(files.get('config.json'))),
    read.map((path) => {
      const bytes = files.get(path)!;
      if (!path.endsWith('.safetensors')) return { path, size: bytes.byteLength };
      return { path, size: bytes.byteLength, tensors: headerOfFile(bytes).tensors };
    }),
  );
  if ('faults' in described) throw new Error(described.faults.join());
  return described.model;
};

const LARQL: LarqlFacts = {
  sha256: Sha256.parse('1'.repeat(64)),
  quants: ['none', 'q4k'],
  expertServer: true,
  blocks: 'early',
  fleetBlocks: 'early',
  names: 'q4k',
  standIn: false,
};

const planOf = (files: ReadonlyMap<string, Uint8Array>, over: Partial<VindexPlanInput> = {}): ArtifactPlan => {
  const read = filesToRead([...files.keys()]);
  return planVindex({
    source: source(files),
    target: absentTarget(),
    private: false,
    tools: TOOLS,
    model: modelOf(files, read),
    files: facts(files).filter(({ path }) => read.includes(path)),
    quant: 'q4k',
    slice: 'full',
    larql: LARQL,
    blas: { OPENBLAS_NUM_THREADS: '1' },
    ...over,
  });
};
const check = (made: ArtifactPlan, code: string) => made.checks.filter((one) => one.code === code).map(({ verdict }) => verdict);

describe('the plan of a vindex', () => {
  it('matches the goldens for an absent target', async () => {
    await expect(`${JSON.stringify(planOf(LLAMA), null, 2)}\n`).toMatchFileSnapshot('goldens/vindex.json');
    await expect(planOf(GEMMA, { slice: 'expert-server' }).card!.template).toMatchFileSnapshot('goldens/expert-server-card.md');
  });

  it('names the files that larql writes, and the license texts', () => {
    const made = planOf(LLAMA);
    expect([...payloadPaths(made)]).toEqual(
      expect.arrayContaining(['index.json', 'gate_vectors.bin', 'interleaved_q4k.bin', 'tokenizer.json']),
    );
    expect(made.copies.map(({ path }) => path)).toEqual(['LICENSE']);
    expect([...payloadPaths(planOf(GEMMA, { slice: 'expert-server' }))]).toEqual(
      expect.arrayContaining(['layers/layer_00.weights', 'layers/layer_01.weights']),
    );
  });

  it('is identical for equal facts', () => {
    expect(canonicalJson(planOf(LLAMA))).toBe(canonicalJson(planOf(LLAMA)));
  });

  it('needs disk space for the slice in addition to the full vindex', () => {
    const [full, slice] = [planOf(GEMMA), planOf(GEMMA, { slice: 'expert-server' })];
    expect(slice.estimate.diskBytes).toBe(full.estimate.diskBytes + slice.estimate.outputBytes);
    expect(full.estimate.memoryBytes).toBeGreaterThan(500e6);
  });

  it('has another recipe digest for another larql, source, quantisation or slice', () => {
    const digests = [
      planOf(GEMMA),
      planOf(GEMMA, { larql: { ...LARQL, sha256: Sha256.parse('2'.repeat(64)) } }),
      planOf(GEMMA, { source: { ...source(GEMMA), commit: commit('c') } }),
      planOf(GEMMA, { slice: 'expert-server' }),
      planOf(LLAMA),
      planOf(LLAMA, { quant: 'none' }),
    ].map(({ recipeDigest }) => recipeDigest);
    expect(new Set(digests).size).toBe(digests.length);
  });

  it('is blocked when a slice would hold no experts', () => {
    const made = planOf(LLAMA, { slice: 'expert-server' });
    expect(made.action).toBe('blocked');
    expect(check(made, 'larql-expert-server')).toEqual(['blocked']);
  });

  it('is blocked when larql lacks a needed feature', () => {
    expect(check(planOf(LLAMA, { larql: { ...LARQL, quants: ['none'] } }), 'larql-program')).toEqual(['blocked']);
    expect(check(planOf(GEMMA, { slice: 'expert-server', larql: { ...LARQL, expertServer: false } }), 'larql-program')).toEqual([
      'blocked',
    ]);
  });

  it('is blocked when the fleet reads other blocks, and warns when its blocks are unknown', () => {
    expect(check(planOf(LLAMA), 'larql-blocks')).toEqual([]);
    expect(check(planOf(LLAMA, { larql: { ...LARQL, fleetBlocks: 'ggml' } }), 'larql-blocks')).toEqual(['blocked']);
    expect(check(planOf(LLAMA, { larql: { ...LARQL, fleetBlocks: null } }), 'larql-blocks')).toEqual(['warn']);
  });
});

it('names the command for the rest of a plan with a blocked artifact', () => {
  const blockedPlan = planOf(LLAMA, { slice: 'expert-server' });
  const shown = { entryName: 'acme/x', digest: PLAN_DIGEST, round: 1, volatile: [], changes: [] };
  expect(planText({ ...shown, artifacts: [blockedPlan, mtpPlan()] }, PLAIN)).toContain('swp start acme/x --only mtp');
  expect(planText({ ...shown, artifacts: [blockedPlan] }, PLAIN)).not.toContain('--only');
  expect(planText({ ...shown, artifacts: [mtpPlan()] }, PLAIN)).not.toContain('--only');
});
