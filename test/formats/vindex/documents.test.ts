import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SwpError } from '../../../core/error.js';
import { parseIndex } from '../../../formats/vindex/index-json.js';
import { MAX_JSON } from '../../../formats/vindex/json.js';
import { parseBlockManifest, parseWeightManifest } from '../../../formats/vindex/manifests.js';

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(SwpError);
    expect((error as SwpError).code).toBe('formats/vindex-json');
    return (error as SwpError).message;
  }
  throw new Error('It was accepted.');
};

const index = {
  version: 2,
  model: 'a/b',
  family: 'llama',
  num_layers: 1,
  hidden_size: 64,
  intermediate_size: 128,
  vocab_size: 64,
  embed_scale: 1.5,
  extract_level: 'inference',
  dtype: 'f16',
  quant: 'q4k',
  has_model_weights: true,
  down_top_k: 10,
  source: null,
  checksums: { 'norms.bin': 'a'.repeat(64) },
  layers: [{ layer: 0, num_features: 128, offset: 0, length: 16_384 }],
};
const block = { key: 'k', shape: [1, 256], format: 'Q4_K', offset: 0, length: 144 };
const weight = { key: 'k', kind: 'vector', shape: [4], offset: 0, length: 16, file: 'norms.bin' };

describe('index.json', () => {
  it('keeps unknown fields', () => {
    expect(parseIndex(bytes({ ...index, later: [1] }))).toMatchObject({ embed_scale: 1.5, later: [1] });
  });

  it.each([
    ['text that is not JSON', '{', /not JSON that SWP accepts/],
    ['a duplicate key', '{"version":2,"version":2}', /not JSON that SWP accepts/],
    ['text that is not UTF-8', new Uint8Array([0x22, 0xff, 0x22]), /not JSON that SWP accepts/],
    ['deep nesting', '['.repeat(200) + ']'.repeat(200), /not JSON that SWP accepts/],
    ['a list', '[]', /not as larql writes it/],
    ['an offset past all integers', { ...index, layers: [{ ...index.layers[0], offset: 2 ** 53 }] }, /layers\.0\.offset/],
    ['a fraction', { ...index, num_layers: 1.5 }, /num_layers/],
    ['no layers', { ...index, num_layers: 0 }, /num_layers/],
    ['a quant that larql lacks', { ...index, quant: 'q8_0' }, /quant/],
    ['an invalid checksum', { ...index, checksums: { 'a.bin': 'x' } }, /SHA-256/],
    ['a path that leaves the folder', { ...index, checksums: { '../a.bin': 'a'.repeat(64) } }, /plain file name|checksums/],
  ])('refuses %s', (_, document, message) => {
    expect(refusal(() => parseIndex(document instanceof Uint8Array ? document : bytes(document)))).toMatch(message);
  });

  it('refuses more bytes than its limit', () => {
    expect(refusal(() => parseIndex(new Uint8Array(MAX_JSON + 1)))).toMatch(/at most/);
  });

  it('throws only an SwpError for any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(index)), (value, field) => {
        const document = bytes({ ...index, [field]: value });
        try {
          parseIndex(document);
        } catch (error) {
          expect(error).toBeInstanceOf(SwpError);
        }
      }),
    );
  });
});

describe('manifests', () => {
  it('accept the manifests of larql', () => {
    expect(parseBlockManifest(bytes([block]), 'm.json')).toEqual([block]);
    expect(parseWeightManifest(bytes([weight]), 'm.json')).toEqual([weight]);
  });

  it.each([
    ['a negative offset', [{ ...block, offset: -1 }], /offset/],
    ['an unknown format', [{ ...block, format: 'Q5_K' }], /format/],
    ['no shape', [{ ...block, shape: [] }], /shape/],
    ['an object', {}, /not as larql/],
  ])('refuse blocks with %s', (_, document, message) => {
    expect(refusal(() => parseBlockManifest(bytes(document), 'm.json'))).toMatch(message);
  });

  it.each(['../norms.bin', '/etc/passwd', 'a/b/c', 'a//b', '.hidden', 'a\\b', 'norms.bin\n', 'x'.repeat(300), ''])(
    'refuse weights in the file %j',
    (file) => {
      expect(refusal(() => parseWeightManifest(bytes([{ ...weight, file }]), 'm.json'))).toMatch(/plain file name/);
    },
  );
});
