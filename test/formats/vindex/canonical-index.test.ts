import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CommitSha, Sha256 } from '../../../core/ids.js';
import { canonicalIndex, weightsDigest, type IndexProvenance } from '../../../formats/vindex/canonical-index.js';
import { parseIndex } from '../../../formats/vindex/index-json.js';
import { validateVindex } from '../../../formats/vindex/validate.js';
import { tinyGemma } from './tiny-models.js';
import { editIndex, readerOf, tinySlice, tinyVindex, type TinyVindex } from './tiny-vindex.js';

const GEMMA = tinyVindex(tinyGemma());
const REVISION = CommitSha.parse('1'.repeat(40));
const provenance = ({ files }: Pick<TinyVindex, 'files'>): IndexProvenance => ({
  revision: REVISION,
  committedAt: new Date('2026-04-02T10:11:12.345Z'),
  safetensors: Sha256.parse('a'.repeat(64)),
  sha256: readerOf(files).sha256,
});

const rewritten = (files: ReadonlyMap<string, Uint8Array>): string => {
  const copy = new Map(files);
  return new TextDecoder().decode(canonicalIndex(parseIndex(copy.get('index.json')!), provenance({ files: copy })));
};

describe('a rewritten index.json', () => {
  it('is the same for any order and date from larql', () => {
    const files = new Map(GEMMA.files);
    editIndex(files, (index) => {
      const source = index['source'] as object;
      const checksums = Object.fromEntries(Object.entries(index['checksums'] as object).toReversed());
      return { checksums, source: { ...source, extracted_at: '2026-08-19T01:02:03Z' } };
    });
    expect(files.get('index.json')).not.toEqual(GEMMA.files.get('index.json'));
    expect(rewritten(files)).toBe(rewritten(GEMMA.files));
  });

  it('does not change when it is rewritten again', () => {
    const once = rewritten(GEMMA.files);
    expect(rewritten(new Map([...GEMMA.files, ['index.json', new TextEncoder().encode(once)]]))).toBe(once);
  });

  it('records its source, and keeps unknown fields', () => {
    const files = new Map(GEMMA.files);
    editIndex(files, () => ({ rope_scaling: { b: 1, a: [{ d: 1, c: 2.5 }] } }));
    const text = rewritten(files);
    expect(JSON.parse(text)).toMatchObject({
      embed_scale: 50.596443,
      rope_scaling: { a: [{ c: 2.5, d: 1 }], b: 1 },
      source: {
        extracted_at: '2026-04-02T10:11:12Z',
        huggingface_repo: 'tiny/model',
        huggingface_revision: REVISION,
        larql_version: '0.1.0',
        safetensors_sha256: 'a'.repeat(64),
      },
    });
    const keys = Object.keys(JSON.parse(text) as object);
    expect(keys).toEqual(keys.toSorted());
  });

  it('has only checksums of the files of its slice, and is valid', async () => {
    const slice = tinySlice(GEMMA);
    const files = new Map(slice.files);
    files.set('index.json', canonicalIndex(parseIndex(files.get('index.json')!), provenance(slice)));
    const { checksums } = parseIndex(files.get('index.json')!);
    expect(Object.keys(checksums ?? {})).toEqual(['embeddings.bin', 'norms.bin']);
    expect(await validateVindex(readerOf(files), slice.layout, 'tiny/model')).toEqual([]);
  });
});

describe('the digest of all weights', () => {
  const [a, b] = ['a'.repeat(64), 'b'.repeat(64)] as const;

  it('is the digest of the only file', () => {
    expect(
      weightsDigest(
        new Map([
          ['config.json', b],
          ['model.safetensors', a],
        ]),
      ),
    ).toBe(a);
  });

  it('covers several files in the order of their names', () => {
    const text = `${b}  1.safetensors\n${a}  2.safetensors\n`;
    const expected = createHash('sha256').update(text).digest('hex');
    expect(
      weightsDigest(
        new Map([
          ['2.safetensors', a],
          ['1.safetensors', b],
        ]),
      ),
    ).toBe(expected);
    expect(
      weightsDigest(
        new Map([
          ['1.safetensors', b],
          ['2.safetensors', a],
        ]),
      ),
    ).toBe(expected);
  });
});
