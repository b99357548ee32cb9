import { describe, expect, it } from 'vitest';
import { estimateVindex } from '../../../formats/vindex/estimates.js';
import { nameGeneration } from '../../../formats/vindex/file-names.js';
import { expertServerLayout, fullLayout, layoutOf } from '../../../formats/vindex/layout.js';
import { extractOptions } from '../../../formats/vindex/extract-options.js';
import { filesToRead } from '../../../formats/vindex/source-model.js';
import { described, gemma26, tinyGemma, tinyLlama, tinyMixtral } from './tiny-models.js';

const sizes = (files: ReadonlyMap<string, number | null>): object => Object.fromEntries([...files].filter(([, size]) => size !== null));

describe('the layout of a vindex', () => {
  it('has the sizes that the real program writes for a Llama at q4k', () => {
    expect(sizes(fullLayout(described(tinyLlama()), extractOptions('q4k')).files)).toEqual({
      'attn_weights_q4k.bin': 59_520,
      'down_meta.bin': 22_552,
      'embeddings.bin': 8_192,
      'gate_vectors.bin': 32_768,
      'interleaved_q4k.bin': 100_608,
      'lm_head_q4.bin': 9_216,
      'norms.bin': 1_280,
      'tokenizer_config.json': 30,
    });
  });

  it('has the sizes that the real program writes for a Gemma 4 with experts', () => {
    expect(sizes(fullLayout(described(tinyGemma()), extractOptions('q4k')).files)).toEqual({
      'attn_weights_q4k.bin': 114_816,
      'down_meta.bin': 11_288,
      'embeddings.bin': 32_768,
      'gate_vectors.bin': 65_536,
      'interleaved_q4k.bin': 144_384,
      'layers/layer_00.weights': 184_472,
      'layers/layer_01.weights': 184_472,
      'norms.bin': 13_312,
      'router_weights.bin': 4_096,
      'tokenizer_config.json': 30,
    });
  });

  it('keeps the files that larql copies in an expert-server slice', () => {
    const { files } = expertServerLayout(fullLayout(described(tinyGemma()), extractOptions('q4k')));
    expect([...files.keys()].toSorted()).toEqual([
      'embeddings.bin',
      'index.json',
      'interleaved_q4k.bin',
      'interleaved_q4k_manifest.json',
      'layers/layer_00.weights',
      'layers/layer_01.weights',
      'norms.bin',
      'tokenizer.json',
      'weight_manifest.json',
    ]);
  });

  it('has the newer names on request', () => {
    const { files } = fullLayout(described(tinyLlama()), extractOptions('q4k', 'kquant'));
    for (const path of ['attn_weights_kquant_manifest.json', 'interleaved_kquant.bin', 'lm_head_kquant.bin'])
      expect(files.has(path)).toBe(true);
  });

  it('has floats and every expert at quant none', () => {
    const layout = fullLayout(described(tinyMixtral()), extractOptions('none'));
    expect(sizes(layout.files)).toEqual({
      'attn_weights.bin': 2 * (64 + 32 + 32 + 64) * 64 * 2,
      'down_meta.bin': 16 + 2 * (4 + 256 * 88),
      'down_weights.bin': 2 * 2 * 64 * 128 * 2,
      'embeddings.bin': 64 * 64 * 2,
      'gate_vectors.bin': 2 * 2 * 64 * 128 * 2,
      'lm_head.bin': 64 * 64 * 2,
      'norms.bin': 5 * 64 * 2,
      'router_weights.bin': 2 * 2 * 64 * 2,
      'tokenizer_config.json': 30,
      'up_weights.bin': 2 * (2 * 64 * 128 + 2 * 64) * 2,
    });
    expect(layout.gate[1]).toEqual({ layer: 1, features: 256, offset: 32_768, length: 32_768, experts: { count: 2, features: 128 } });
  });

  it.each([
    ['browse', ['down_meta.bin', 'embeddings.bin', 'gate_vectors.bin']],
    ['attention', ['attn_weights.bin', 'down_meta.bin', 'embeddings.bin', 'gate_vectors.bin', 'norms.bin']],
  ] as const)('stops at level %s on request', (level, expected) => {
    const { files } = fullLayout(described(tinyLlama()), { ...extractOptions('none'), level });
    expect([...files.keys()].filter((path) => path.endsWith('.bin')).toSorted()).toEqual(expected);
  });

  it('stores the keys of a layer without values twice', () => {
    const gemma = tinyGemma();
    const text = {
      ...(gemma.config['text_config'] as object),
      attention_k_eq_v: true,
      layer_types: ['sliding_attention', 'full_attention'],
    };
    const tensors = gemma.tensors.filter(({ name }) => !name.includes('layers.1.self_attn.v_proj'));
    const layout = fullLayout(described({ config: { ...gemma.config, text_config: text }, tensors }), extractOptions('q4k'));
    const manifest = layout.manifests.get('attn_weights_q4k_manifest.json') ?? [];
    expect(manifest).toHaveLength(8);
    expect(manifest[6]).toMatchObject({ key: 'layers.1.self_attn.v_proj.weight', format: 'Q6_K' });
    expect(manifest[6]?.source.tensor.name).toMatch(/k_proj/);
  });
});

describe('estimates', () => {
  it('sum up the files, and find the largest', () => {
    const layout = fullLayout(described(tinyGemma()), extractOptions('q4k'));
    const estimate = estimateVindex(layout, 'expert-server');
    expect(estimate.largestFile).toEqual({ path: 'layers/layer_00.weights', bytes: 184_472 });
    expect(estimate.output).toBeGreaterThan(755_174);
    expect(estimate.slice).toBeGreaterThan(559_438);
    expect(estimate.slice).toBeLessThan(estimate.output);
  });

  it('are close to the sizes that larql documents for Gemma 4 26B-A4B: 16 GB, and 14.1 GB for its expert server', () => {
    const estimate = estimateVindex(layoutOf(described(gemma26()), extractOptions('q4k'), 'full'), 'expert-server');
    expect(estimate.output / 2 ** 30).toBeGreaterThan(14.5);
    expect(estimate.output / 2 ** 30).toBeLessThan(16.5);
    expect((estimate.slice ?? 0) / 2 ** 30).toBeCloseTo(14.1, 0);
    expect(estimate.largestFile.path).toBe('embeddings.bin');
  });

  it('are close to the memory that larql needs for a model of 8 billion weights', () => {
    const shape = { hidden: 4096, intermediate: 14_336, layers: 1, vocabulary: 128_256, heads: 32, keyValueHeads: 8, headDimension: 128 };
    const { memory } = estimateVindex(fullLayout(described(tinyLlama('BF16', shape)), extractOptions('q4k')), 'full');
    expect(memory).toBeGreaterThan(5e9);
    expect(memory).toBeLessThan(9e9);
  });
});

describe('the generation of names', () => {
  it.each([
    [['interleaved_kquant.bin', 'index.json'], 'kquant'],
    [['attn_weights_q4k_manifest.json'], 'q4k'],
    [['lm_head_q4.bin'], 'q4k'],
    [['up_weights.bin'], null],
  ])('is found by the names of files: %j give %s', (paths, names) => {
    expect(nameGeneration(paths)).toBe(names);
  });
});

describe('the files that larql reads', () => {
  const paths = ['README.md', 'config.json', 'consolidated.safetensors', 'model-1.safetensors', 'sub/x.safetensors', 'tokenizer.json'];

  it('are all safetensors files at the top level', () => {
    expect(filesToRead(paths)).toEqual(['config.json', 'consolidated.safetensors', 'model-1.safetensors', 'tokenizer.json']);
  });

  it('are only those of the index when all of them exist', () => {
    expect(filesToRead(paths, new Set(['model-1.safetensors']))).toEqual(['config.json', 'model-1.safetensors', 'tokenizer.json']);
    expect(filesToRead(paths, new Set(['gone.safetensors']))).toContain('consolidated.safetensors');
  });

  it('lie in weights/ when none is at the top level', () => {
    expect(filesToRead(['weights/a.safetensors', 'config.json', 'weights/b/c.safetensors'])).toEqual([
      'config.json',
      'weights/a.safetensors',
    ]);
  });
});
