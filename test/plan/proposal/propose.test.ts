import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { Entry } from '../../../catalog/entry.js';
import { brokenRules } from '../../../catalog/entry-rules.js';
import { loadCatalog } from '../../../catalog/load.js';
import { RepoId } from '../../../core/ids.js';
import { generateGemma4 } from '../../../dev/checkpoint/gemma4.js';
import { generateCheckpoint } from '../../../dev/checkpoint/generate.js';
import { generateLlama } from '../../../dev/checkpoint/llama.js';
import { generateVision } from '../../../dev/checkpoint/vision.js';
import { detect } from '../../../plan/proposal/detect.js';
import type { ProposalFacts } from '../../../plan/proposal/model-facts.js';
import { mirrorOf, outputOf, sidecarOf, slugOf, vindexKey } from '../../../plan/proposal/target-names.js';
import { proposeEntry, type ProposalOptions } from '../../../plan/proposal/propose.js';
import { factsOf, COMMIT, readFiles, source } from './checkpoint.js';

const llama = readFiles('meta-llama/Llama-3.2-3B-Instruct', generateLlama({ seed: 1 }).files);
const gemma = readFiles('google/gemma-4-31B-it', generateGemma4({ seed: 1 }).files);
const qwen = readFiles('Qwen/Qwen3.5-9B-Base', generateCheckpoint({ seed: 1, size: 'small' }).files);
const eyes = readFiles('davehind/Kimi-K2.5-vision', generateVision({ seed: 1 }).files);

const propose = (facts: ProposalFacts, options: Partial<ProposalOptions> = {}) =>
  proposeEntry(detect(facts), { namespace: 'acme', ...options });

describe('names', () => {
  const foxlight = loadCatalog({ cwd: tmpdir() });
  /** Keys that do not follow the rule: Qwen2.5 with a hyphen, and sources that are already quantised. */
  const BY_HAND = ['qwen-2-5-7b-full-q4-k', 'qwen3-5-9b-full-q4-k', 'qwen3-6-35b-a3b-full-q4-k'];

  it('match those of the built-in entries', async () => {
    const entries = [...(await foxlight).entries.values()].map(({ entry }) => entry).filter(({ key }) => !BY_HAND.includes(key));
    expect(entries).toHaveLength(9);
    for (const { key, source_model: model = '', quant = 'q4k', slices, output_name: name, hf_repo: target } of entries) {
      const built = { quant, slice: slices?.[0] ?? 'full' };
      const output = outputOf(model, built);
      expect([vindexKey(model, built), `${output}.vindex`, `FoxlightAI/${output}-vindex`]).toEqual([key, name, target]);
    }
  });

  it('match those of the built-in entries for sidecars', async () => {
    const sidecars = [...(await foxlight).entries.values()].flatMap(({ entry: { mtp_source_repo: from, mtp_sidecar_repo: to } }) =>
      from === undefined || to === undefined ? [] : [[from, to] as const],
    );
    expect(sidecars).toHaveLength(2);
    for (const [from, to] of sidecars) expect(`FoxlightAI/${sidecarOf(from)}`).toBe(to);
  });

  it.each([
    ['a/Some_Model..X-', 'some-model-x'],
    ['a/UPPER.case_1', 'upper-case-1'],
    ['a/___', ''],
  ])('turn %s into the slug %j', (repo, slug) => {
    expect(slugOf(repo)).toBe(slug);
  });

  it.each(['a/Kimi-K2.5-vision', 'a/Kimi-K2.5-Vision-Encoder', 'a/Kimi-K2.5'])('contain vision once for a mirror of %s', (repo) => {
    expect(mirrorOf(repo)).toBe('kimi-k2-5-vision');
  });
});

describe('an entry', () => {
  it('has a vindex for a dense model', () => {
    expect(propose(factsOf(llama))).toEqual({
      key: 'llama-3-2-3b-full-q4-k',
      source_model: 'meta-llama/Llama-3.2-3B-Instruct',
      quant: 'q4k',
      slices: ['full'],
      tier: 'smoke',
      output_name: 'llama-3-2-3b-instruct-full-q4-k.vindex',
      hf_repo: 'acme/llama-3-2-3b-instruct-full-q4-k-vindex',
    });
  });

  it('has the tier moe for a model with experts', () => {
    expect(propose(factsOf(gemma))).toMatchObject({ tier: 'moe', key: 'gemma-4-31b-full-q4-k' });
  });

  it('is named after the checkpoint when it has only heads', () => {
    expect(propose(factsOf(qwen))).toEqual({
      key: 'qwen3-5-9b-base-mtp',
      tier: 'smoke',
      mtp_source_repo: 'Qwen/Qwen3.5-9B-Base',
      mtp_sidecar_repo: 'acme/qwen3-5-9b-base-mtp',
    });
  });

  it('has a mirror for a vision encoder', () => {
    expect(propose(factsOf(eyes))).toEqual({
      key: 'kimi-k2-5-vision',
      tier: 'smoke',
      vision_source_repo: 'davehind/Kimi-K2.5-vision',
      vision_sidecar_repo: 'acme/kimi-k2-5-vision',
    });
  });

  it('has every detected artifact, but only one drafter', () => {
    const assistant = { repo: RepoId.parse('google/gemma-4-31B-it-assistant'), config: { model_type: 'gemma4_assistant' } };
    expect(propose(factsOf(llama, { heads: [qwen], assistant, vision: eyes.source }))).toMatchObject({
      key: 'llama-3-2-3b-full-q4-k',
      mtp_sidecar_repo: 'acme/qwen3-5-9b-base-mtp',
      vision_sidecar_repo: 'acme/kimi-k2-5-vision',
    });
    expect(propose(factsOf(gemma, { assistant }))).toMatchObject({ assistant_model_repo: 'google/gemma-4-31B-it-assistant' });
    expect(propose(factsOf(gemma, { heads: [qwen], assistant }))).not.toHaveProperty('assistant_model_repo');
  });

  it.each([
    ['vindex', ['key', 'source_model', 'quant', 'slices', 'output_name', 'hf_repo', 'tier']],
    ['mtp', ['key', 'tier', 'mtp_source_repo', 'mtp_sidecar_repo']],
    ['vision', ['key', 'tier', 'vision_source_repo', 'vision_sidecar_repo']],
  ] as const)('has no other artifact with --only %s', (only, fields) => {
    expect(Object.keys(propose(factsOf(llama, { heads: [qwen], vision: eyes.source }), { only }) ?? {})).toEqual(fields);
  });

  it('is not proposed when no artifact is left', () => {
    expect(propose(factsOf(llama), { only: 'mtp' })).toBeNull();
  });

  it('pins only the commit of a requested revision', () => {
    expect(propose(factsOf(llama), { pinned: new Set([COMMIT]) })).toMatchObject({ source_revision: COMMIT });
    expect(propose(factsOf(llama))).not.toHaveProperty('source_revision');
  });

  it('is private when a source is private', () => {
    expect(propose(factsOf(llama, { vision: source('labs/secret', new Map(), { private: true }) }))).toMatchObject({ private: true });
  });

  it('shares the sidecar that its namespace publishes for the same base model', () => {
    const known = (target: string) => [
      { kind: 'mtp' as const, source: RepoId.parse('qwen/qwen3.5-9b-base'), target: RepoId.parse(target) },
    ];
    expect(propose(factsOf(qwen), { sidecars: known('Acme/by-hand') })).toMatchObject({ mtp_sidecar_repo: 'Acme/by-hand' });
    expect(propose(factsOf(qwen), { sidecars: known('other/by-hand') })).toMatchObject({ mtp_sidecar_repo: 'acme/qwen3-5-9b-base-mtp' });
  });

  it('has another output name when the usual one is taken', () => {
    const outputs = new Set(['llama-3-2-3b-instruct-full-q4-k.vindex']);
    expect(propose(factsOf(llama), { namespace: 'Acme', outputs })).toMatchObject({
      output_name: 'acme-llama-3-2-3b-instruct-full-q4-k.vindex',
      hf_repo: 'Acme/llama-3-2-3b-instruct-full-q4-k-vindex',
    });
  });

  it.each([
    ['a Llama', factsOf(llama)],
    ['a Gemma 4', factsOf(gemma)],
    ['a Qwen3.5', factsOf(qwen)],
    ['a vision encoder', factsOf(eyes)],
    ['all artifacts', factsOf(llama, { heads: [qwen], vision: eyes.source })],
  ])('is valid in a catalog for %s', (_, facts) => {
    const proposed = propose(facts) ?? {};
    expect(Entry.safeParse(proposed).success).toBe(true);
    expect(brokenRules(proposed)).toEqual([]);
  });
});
