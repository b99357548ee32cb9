import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { fillRandom } from '../../../dev/checkpoint/random.js';
import { BLOCK_BYTES, decodeQ40, decodeQ4K, decodeQ6K, type BlockLayout } from '../../../formats/vindex/quant-blocks.js';
import { halfToNumber } from '../../../formats/vindex/half.js';
import { pythonEnvironment } from '../../support/python.js';

const BLOCKS = 64;
const FORMATS = ['Q4_K', 'Q6_K', 'Q4_0'] as const;
type Format = (typeof FORMATS)[number];
const LAYOUTS: readonly BlockLayout[] = ['planar', 'interleaved'];
const DECODERS = { Q4_K: (bytes: Uint8Array) => decodeQ4K(bytes), Q6_K: decodeQ6K, Q4_0: decodeQ40 };
/** Offsets of the half-precision numbers in a block. */
const HALVES = { Q4_K: [0, 2], Q6_K: [208], Q4_0: [0] };
/** Zero, one, subnormal, smallest normal, largest, negative. */
const SCALES = [0x0000, 0x3c00, 0x0001, 0x03ff, 0x0400, 0x7bff, 0xbc00, 0x1234];

/** Random codes and scales; the halves are finite, because no format defines products of infinities. */
const randomBlocks = (format: Format, seed: number): Uint8Array => {
  const bytes = new Uint8Array(BLOCKS * BLOCK_BYTES[format]);
  fillRandom(bytes, seed);
  for (let block = 0; block < BLOCKS; block += 1)
    for (const [at, offset] of HALVES[format].entries()) {
      const place = block * BLOCK_BYTES[format] + offset;
      const special = SCALES[block + at];
      if (special === undefined) bytes[place + 1] = bytes[place + 1]! & 0xbb;
      else bytes.set([special & 0xff, special >> 8], place);
    }
  return bytes;
};

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

let truth: Record<Format, Record<BlockLayout, string>>;
const blocks = Object.fromEntries(FORMATS.map((format, at) => [format, randomBlocks(format, 40 + at)])) as Record<Format, Uint8Array>;

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'swp-blocks-'));
  try {
    const [input, output] = [join(directory, 'blocks.json'), join(directory, 'answers.json')];
    await writeFile(input, JSON.stringify(Object.fromEntries(FORMATS.map((format) => [format, base64(blocks[format])]))));
    await execa(await pythonEnvironment(), [fileURLToPath(new URL('block_truth.py', import.meta.url)), input, output]);
    truth = JSON.parse(await readFile(output, 'utf8')) as typeof truth;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}, 300_000);

describe('blocks', () => {
  it.each(FORMATS.flatMap((format) => LAYOUTS.map((layout) => [format, layout] as const)))(
    'decode as %s, %s, bit for bit like gguf-py and numpy',
    (format, layout) => {
      const { values } = DECODERS[format](blocks[format], layout);
      expect(values.length).toBe(BLOCKS * (format === 'Q4_0' ? 32 : 256));
      const expected = Buffer.from(truth[format][layout], 'base64');
      const theirs = new Float32Array(expected.buffer.slice(expected.byteOffset, expected.byteOffset + expected.byteLength));
      const differing = values.findIndex((value, at) => value !== theirs[at]);
      expect(differing === -1 ? null : [differing, values[differing], theirs[differing]]).toBeNull();
    },
  );

  it('are left out when they are incomplete', () => {
    expect(decodeQ4K(new Uint8Array(143)).values).toHaveLength(0);
    expect(decodeQ6K(new Uint8Array(211), 'planar').values).toHaveLength(256);
  });
});

describe('a half', () => {
  it.each([
    [0x3c00, 1],
    [0xc000, -2],
    [0x0001, 2 ** -24],
    [0x7bff, 65_504],
    [0x7c00, Number.POSITIVE_INFINITY],
    [0x7e00, Number.NaN],
  ])('decodes the bits %i to %d', (bits, value) => {
    expect(halfToNumber(bits)).toBe(value);
  });
});
