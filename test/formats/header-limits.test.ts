import { expect, it } from 'vitest';
import { BeyondLimit } from '../../core/error.js';
import { LENGTH_PREFIX, parseHeader } from '../../formats/safetensors/header.js';
import { openIndex } from '../../formats/safetensors/index-file.js';

/** Parses a header of so many empty tensors. */
const parseEmpties = (count: number, nameOf: (at: number) => string) => {
  const tensors = Array.from({ length: count }, (_, at) => `"${nameOf(at)}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`);
  const header = new TextEncoder().encode(`{${tensors.join(',')}}`);
  return parseHeader(header, LENGTH_PREFIX + header.byteLength);
};

it('a header may have 100,000 tensors, and no more', () => {
  expect(parseEmpties(100_000, String).count).toBe(100_000);
  expect(() => parseEmpties(100_001, String)).toThrow(
    expect.objectContaining({ code: 'formats/tensor-count', message: 'The header has more than 100000 tensors.' }),
  );
});

it('a header may have names of 32 Mi characters in total, and no more', () => {
  const nameOf = (at: number): string => `${'x'.repeat(990)}${at}`;
  expect(() => parseEmpties(33_000, nameOf)).not.toThrow();
  expect(() => parseEmpties(34_000, nameOf)).toThrow(/keys of its JSON have more than 33554432 characters/);
});

it('an index may map 262,144 tensors, and no more', () => {
  const parseIndex = (count: number) => {
    const members = Array.from({ length: count }, (_, at) => `"${at}":"a.safetensors"`);
    const parsing = openIndex(() => true);
    parsing.feed(new TextEncoder().encode(`{"weight_map":{${members.join(',')}}}`));
    return parsing.end().weightMap.size;
  };
  expect(parseIndex(262_144)).toBe(262_144);
  expect(() => parseIndex(262_145)).toThrow(BeyondLimit);
});
