import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extractOptions } from '../../../formats/vindex/extract-options.js';
import type { VindexProblem } from '../../../formats/vindex/reading.js';
import { validateVindex } from '../../../formats/vindex/validate.js';
import { tinyGemma, tinyLlama, tinyMixtral } from './tiny-models.js';
import { editIndex, editManifest, readerOf, rehash, tinySlice, tinyVindex, type TinyVindex } from './tiny-vindex.js';
import { runs } from '../../support/tiers.js';

type Files = Map<string, Uint8Array>;

const LLAMA = tinyVindex(tinyLlama());
const GEMMA = tinyVindex(tinyGemma());
const SLICE = tinySlice(GEMMA);
const MIXTRAL = tinyVindex(tinyMixtral(), extractOptions('none'));

/** Problems of a copy after a change, as `code path`. */
const problemsAfter = async (vindex: TinyVindex, change: (files: Files) => void): Promise<string[]> => {
  const files = new Map([...vindex.files].map(([path, bytes]) => [path, Uint8Array.from(bytes)]));
  change(files);
  return (await validateVindex(readerOf(files), vindex.layout, 'tiny/model')).map(({ code, path }) => `${code} ${path}`);
};

/** A change of one 32-bit word. */
const word = (path: string, at: number, value: number) => (files: Files) => {
  const bytes = files.get(path)!;
  new DataView(bytes.buffer).setUint32(at, value, true);
  rehash(files);
};

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const entry = (path: string, at: number, field: object) => (files: Files) =>
  editManifest(files, path, (all) => void Object.assign(all[at]!, field));

const EXPERTS = 'layers/layer_01.weights';
const ATTENTION = 'attn_weights_q4k_manifest.json';

describe('a valid vindex', () => {
  it.each([
    ['a Llama at q4k', LLAMA],
    ['a hybrid at q4k', GEMMA],
    ['the expert-server slice of a hybrid', SLICE],
    ['a mixture of experts at quant none', MIXTRAL],
    ['a hybrid with newer names', tinyVindex(tinyGemma(), extractOptions('q4k', 'kquant'), 'planar')],
    ['a slice with newer names', tinySlice(tinyVindex(tinyGemma(), extractOptions('q4k', 'kquant')))],
    ['a Llama at quant none', tinyVindex(tinyLlama('F16'), extractOptions('none'))],
    ['a Llama in F32', tinyVindex(tinyLlama(), { ...extractOptions('none'), dtype: 'f32' })],
    ['a Llama at level browse', tinyVindex(tinyLlama(), { ...extractOptions('none'), level: 'browse' })],
  ])('has no problems: %s', async (_, { layout, files }) => {
    expect(await validateVindex(readerOf(files), layout, 'tiny/model')).toEqual([]);
  });

  it('may have the quant and level names of newer programs', async () => {
    expect(await problemsAfter(LLAMA, (files) => editIndex(files, () => ({ quant: 'kquant', extract_level: 'all' })))).toEqual([]);
  });
});

describe('a changed full vindex', () => {
  it.each<[string, (files: Files) => void, string]>([
    ['the magic of down_meta', word('down_meta.bin', 0, 0x54454d44), 'magic down_meta.bin'],
    ['the version of down_meta', word('down_meta.bin', 4, 2), 'header-field down_meta.bin'],
    ['the number of layers of down_meta', word('down_meta.bin', 8, 3), 'header-field down_meta.bin'],
    ['the top_k of down_meta', word('down_meta.bin', 12, 9), 'header-field down_meta.bin'],
    ['the features of the first layer', word('down_meta.bin', 16, 63), 'feature-count down_meta.bin'],
    ['the features of the last layer', word('down_meta.bin', 20 + 64 * 88, 65), 'feature-count down_meta.bin'],
    ['the magic of an expert file', word(EXPERTS, 0, 0), `magic ${EXPERTS}`],
    ['the version of an expert file', word(EXPERTS, 4, 2), `header-field ${EXPERTS}`],
    ['the quantisation of the experts', word(EXPERTS, 8, 5), `header-field ${EXPERTS}`],
    ['the number of experts', word(EXPERTS, 12, 3), `expert-count ${EXPERTS}`],
    ['the width of the experts', word(EXPERTS, 16, 64), `header-field ${EXPERTS}`],
    ['the hidden size of the experts', word(EXPERTS, 20, 128), `header-field ${EXPERTS}`],
    ['the offset of an expert', word(EXPERTS, 24 + 32, 0), `expert-places ${EXPERTS}`],
    ['an offset of an expert past all integers', word(EXPERTS, 28, 0xffff_ffff), `expert-places ${EXPERTS}`],
    ['the length of an expert', word(EXPERTS, 24 + 3 * 32 + 24, 1), `expert-places ${EXPERTS}`],
    ['a missing layer file', (files) => files.delete(EXPERTS), `missing-file ${EXPERTS}`],
    ['an extra layer file', (files) => files.set('layers/layer_02.weights', new Uint8Array(9)), 'unexpected-file layers/layer_02.weights'],
    [
      'a file of another quantisation',
      (files) => files.set('interleaved_kquant.bin', new Uint8Array(9)),
      'unexpected-file interleaved_kquant.bin',
    ],
    ['a path outside the folder', (files) => files.set('../x', new Uint8Array(9)), 'unexpected-file ../x'],
    ['a leftover checkpoint', (files) => files.set('.extract_checkpoint.json', text('{}')), 'leftover-checkpoint .extract_checkpoint.json'],
    ['checksums that are null', (files) => editIndex(files, () => ({ checksums: null })), 'checksums-missing index.json'],
    [
      'a stale checksum',
      (files) => editIndex(files, ({ checksums }) => ({ checksums: { ...(checksums as object), 'norms.bin': 'a'.repeat(64) } })),
      'checksum norms.bin',
    ],
    [
      'a checksum of a file that it does not have',
      (files) => editIndex(files, ({ checksums }) => ({ checksums: { ...(checksums as object), 'lm_head.bin': 'a'.repeat(64) } })),
      'checksum-list lm_head.bin',
    ],
    ['a missing checksum', (files) => editIndex(files, () => ({ checksums: {} })), 'checksum-list norms.bin'],
    ['a shape in a manifest', entry(ATTENTION, 0, { shape: [64, 512] }), `manifest-entry ${ATTENTION}`],
    ['a key in a manifest', entry(ATTENTION, 1, { key: 'layers.0.self_attn.q_proj.weight' }), `manifest-entry ${ATTENTION}`],
    ['a format in a manifest', entry(ATTENTION, 2, { format: 'Q4_K' }), `manifest-entry ${ATTENTION}`],
    ['a gap in a manifest', entry(ATTENTION, 0, { length: 9_000 }), `manifest-gap ${ATTENTION}`],
    ['an overlap in a manifest', entry(ATTENTION, 1, { offset: 9_000 }), `manifest-overlap ${ATTENTION}`],
    ['an entry past the end', entry(ATTENTION, 7, { length: 99_999 }), `manifest-end ${ATTENTION}`],
    ['a missing entry', (files) => editManifest(files, ATTENTION, (all) => void all.pop()), `manifest-count ${ATTENTION}`],
    ['a kind in the manifest of weights', entry('weight_manifest.json', 0, { kind: 'tensor' }), 'manifest-entry weight_manifest.json'],
    [
      'a file in the manifest of weights',
      entry('weight_manifest.json', 0, { file: 'embeddings.bin' }),
      'manifest-end weight_manifest.json',
    ],
    ['a manifest that is not JSON', (files) => files.set(ATTENTION, text('[')), `bad-json ${ATTENTION}`],
    ['an index that is not JSON', (files) => files.set('index.json', text('{')), 'bad-json index.json'],
    ['a truncated tokenizer', (files) => files.set('tokenizer.json', text('{"version"')), 'bad-json tokenizer.json'],
    ['an empty tokenizer', (files) => files.set('tokenizer.json', new Uint8Array()), 'file-size tokenizer.json'],
  ])('has a problem with %s', async (_, change, expected) => {
    expect(await problemsAfter(GEMMA, change)).toContain(expected);
  });

  it('has a problem with two swapped tensors in a manifest', async () => {
    const swap = (files: Files): void =>
      editManifest(files, ATTENTION, (all) => {
        [all[0]!['offset'], all[3]!['offset']] = [all[3]!['offset'], all[0]!['offset']];
      });
    const found = await problemsAfter(GEMMA, swap);
    expect(found).toContain(`manifest-entry ${ATTENTION}`);
    expect(found.some((one) => /manifest-(?:gap|overlap)/.test(one))).toBe(true);
  });

  it.each(
    Object.entries({
      version: 3,
      num_layers: 3,
      hidden_size: 255,
      intermediate_size: 65,
      vocab_size: 63,
      extract_level: 'browse',
      dtype: 'f32',
      quant: 'none',
      has_model_weights: false,
      down_top_k: 11,
      ffn_layout: null,
      model_config: {
        model_type: 'gemma4_text',
        head_dim: 17,
        num_q_heads: 4,
        num_kv_heads: 2,
        moe: { num_experts: 4, top_k: 2, hybrid: true },
      },
    }),
  )('has a problem with the index field %s: %j', async (field, value) => {
    expect(await problemsAfter(GEMMA, (files) => editIndex(files, () => ({ [field]: value })))).toEqual(['index-field index.json']);
  });

  it.each(['num_experts', 'hybrid'])('has a problem with another %s in the index', async (field) => {
    const edit = (index: Record<string, unknown>): object => {
      const config = index['model_config'] as { moe: object };
      return { model_config: { ...config, moe: { ...config.moe, [field]: field === 'hybrid' ? false : 5 } } };
    };
    expect(await problemsAfter(GEMMA, (files) => editIndex(files, edit))).toEqual(['index-field index.json']);
  });

  it.each([{ num_features: 1 }, { offset: 1 }, { length: 1 }, { layer: 0 }, { num_experts: 4 }])(
    'has a problem with a layer in the index: %j',
    async (field) => {
      const edit = ({ layers }: Record<string, unknown>): object => ({
        layers: (layers as object[]).map((layer, at) => (at === 1 ? { ...layer, ...field } : layer)),
      });
      expect(await problemsAfter(GEMMA, (files) => editIndex(files, edit))).toEqual(['index-layers index.json']);
    },
  );

  it('has a problem with a missing layer in the index', async () => {
    const edit = ({ layers }: Record<string, unknown>): object => ({ layers: (layers as object[]).slice(1) });
    expect(await problemsAfter(GEMMA, (files) => editIndex(files, edit))).toContain('index-layers index.json');
  });

  it('names the down projections that a manifest lacks, as larql writes it for an FP8 source', async () => {
    const files = new Map(LLAMA.files);
    editManifest(
      files,
      'interleaved_q4k_manifest.json',
      (all) => void all.splice(0, all.length, ...all.filter(({ key }) => !String(key).includes('down'))),
    );
    const found = await validateVindex(readerOf(files), LLAMA.layout, 'tiny/model');
    expect(found.map(({ message }) => message)).toContain('It lacks layers.0.mlp.down_proj.weight, layers.1.mlp.down_proj.weight.');
  });

  it('has a problem with tensors in another order', async () => {
    expect(
      await problemsAfter(LLAMA, (files) => editManifest(files, ATTENTION, (all) => void all.splice(0, all.length, ...all.toReversed()))),
    ).toEqual([`manifest-entry ${ATTENTION}`]);
  });

  it('has every problem listed, not only the first', async () => {
    const change = (files: Files): void => {
      files.delete(EXPERTS);
      word('layers/layer_00.weights', 12, 3)(files);
      entry(ATTENTION, 0, { length: 1 })(files);
    };
    const found = await problemsAfter(GEMMA, change);
    for (const expected of [`missing-file ${EXPERTS}`, 'expert-count layers/layer_00.weights', `manifest-gap ${ATTENTION}`])
      expect(found).toContain(expected);
  });
});

describe('any vindex', () => {
  const all = { LLAMA, GEMMA, SLICE, MIXTRAL };

  it.each(Object.entries(all))('has a problem with each missing, extra, truncated or enlarged file: %s', async (_, vindex) => {
    for (const path of vindex.files.keys()) {
      const bytes = vindex.files.get(path)!;
      expect(await problemsAfter(vindex, (files) => files.delete(path))).toContain(`missing-file ${path}`);
      expect(await problemsAfter(vindex, (files) => files.set(`${path}.bak`, bytes))).toEqual([`unexpected-file ${path}.bak`]);
      for (const size of [0, 1, bytes.byteLength - 1, bytes.byteLength + 1]) {
        const other = new Uint8Array(size);
        other.set(bytes.subarray(0, size));
        const found = await problemsAfter(vindex, (files) => files.set(path, other));
        expect(found.some((one) => one === `file-size ${path}` || one === `bad-json ${path}`)).toBe(true);
      }
    }
  });

  it('has a problem with a changed byte in a file with a checksum', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('gate_vectors.bin', 'embeddings.bin', 'down_meta.bin', 'norms.bin'),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 1, max: 255 }),
        async (path, place, flip) => {
          const found = await problemsAfter(GEMMA, (files) => {
            const bytes = files.get(path)!;
            const at = Math.floor(place * bytes.byteLength);
            bytes[at] = bytes[at]! ^ flip;
          });
          expect(found).toContain(`checksum ${path}`);
        },
      ),
      { numRuns: runs(40) },
    );
  });

  it('has problems, but does not throw, with random bytes in place of a file', async () => {
    const paths = [...GEMMA.files.keys()];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), fc.uint8Array({ maxLength: 300 }), async (path, bytes) => {
        expect(await problemsAfter(GEMMA, (files) => files.set(path, bytes))).not.toEqual([]);
      }),
      { numRuns: runs(100) },
    );
  });
});

describe('a slice', () => {
  it('has a problem with a file that only the full vindex has', async () => {
    expect(await problemsAfter(SLICE, (files) => files.set('gate_vectors.bin', GEMMA.files.get('gate_vectors.bin')!))).toContain(
      'unexpected-file gate_vectors.bin',
    );
  });

  it('has a problem with a wrong checksum of one of its files', async () => {
    const change = (files: Files): void =>
      editIndex(files, ({ checksums }) => ({ checksums: { ...(checksums as object), 'embeddings.bin': 'a'.repeat(64) } }));
    expect(await problemsAfter(SLICE, change)).toEqual(['checksum embeddings.bin']);
  });

  it('has a problem with the level of a full vindex', async () => {
    expect(await problemsAfter(SLICE, (files) => editIndex(files, () => ({ extract_level: 'inference' })))).toEqual([
      'index-field index.json',
    ]);
  });

  it('lacks files of the full layout of another model', async () => {
    const dense = tinySlice(LLAMA);
    expect((await validateVindex(readerOf(dense.files), GEMMA.layout, 'tiny/model')).map(({ code }: VindexProblem) => code)).toContain(
      'missing-file',
    );
  });
});
