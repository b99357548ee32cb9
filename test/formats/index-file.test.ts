import { describe, expect, it } from 'vitest';
import { openIndex } from '../../formats/safetensors/index-file.js';

const parseIndex = (text: string, keep: (tensor: string) => boolean = () => true) => {
  const parsing = openIndex(keep);
  parsing.feed(new TextEncoder().encode(text));
  return parsing.end();
};
const index = (file: string): string => JSON.stringify({ metadata: { total_size: 1 }, weight_map: { 'mtp.x': file } });

describe('an index', () => {
  it('maps tensors to files, including files in folders', () => {
    expect([...parseIndex(index('sub/model-00001.safetensors')).weightMap]).toEqual([['mtp.x', 'sub/model-00001.safetensors']]);
  });

  it('keeps only the selected tensors, but every file', () => {
    const text = JSON.stringify({ weight_map: { 'mtp.x': 'a.safetensors', 'model.x': 'b.safetensors' } });
    expect(parseIndex(text, (tensor) => tensor.startsWith('mtp.'))).toEqual({
      weightMap: new Map([['mtp.x', 'a.safetensors']]),
      files: new Set(['a.safetensors', 'b.safetensors']),
    });
  });

  it('may name a file of 255 characters', () => {
    const file = `${'x'.repeat(243)}.safetensors`;
    expect([...parseIndex(index(file)).files]).toEqual([file]);
  });

  it.each([
    '../x.safetensors',
    '/etc/x.safetensors',
    'a/../x.safetensors',
    'a//x.safetensors',
    './x.safetensors',
    'a\\x.safetensors',
    'https://evil/x.safetensors',
    'x.safetensors?y',
    'x\u0000.safetensors',
    'x.bin',
    '',
    `${'x'.repeat(244)}.safetensors`,
  ])('may not name %j', (file) => {
    expect(() => parseIndex(index(file))).toThrow(expect.objectContaining({ kind: 'integrity', code: 'formats/index-file-name' }));
  });

  it('may name 10,000 files, and no more', () => {
    const naming = (files: number): string =>
      JSON.stringify({ weight_map: Object.fromEntries(Array.from({ length: files }, (_, at) => [`t${at}`, `${at}.safetensors`])) });
    expect(parseIndex(naming(10_000)).files.size).toBe(10_000);
    expect(() => parseIndex(naming(10_001))).toThrow(expect.objectContaining({ kind: 'integrity', code: 'formats/index-files' }));
  });

  it.each([
    ['no weight_map', '{}'],
    ['a tensor twice', '{"weight_map":{"a":"x.safetensors","a":"y.safetensors"}}'],
    ['a number', '{"weight_map":{"a":1}}'],
    ['broken JSON', '{"weight_map":'],
    ['two weight_maps', '{"weight_map":{},"weight_map":{}}'],
  ])('is refused with %s', (_, text) => {
    expect(() => parseIndex(text)).toThrow(expect.objectContaining({ kind: 'integrity', code: 'formats/bad-json' }));
  });
});
