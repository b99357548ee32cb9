import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { fillRandom, randomNumbers } from '../../dev/checkpoint/random.js';
import { decodeSlab, gridOf, isPacked, type CodeFormat, type ScaleFormat, type Slab } from '../../formats/numbers/decode.js';
import { bf16Bits, E2M1, E4M3, E5M2, E8M0, INT4 } from '../../formats/numbers/tables.js';
import { pythonEnvironment } from '../support/python.js';

const PROGRAM = fileURLToPath(new URL('decode_truth.py', import.meta.url));
const TABLES = { E4M3, E5M2, E2M1, E8M0, INT4 };
const CODES: readonly CodeFormat[] = ['e4m3', 'e5m2', 'e2m1', 'int4'];
const SCALES: readonly ScaleFormat[] = ['F32', 'BF16', 'E8M0', 'E4M3'];
const SCALE_BYTES: Readonly<Record<ScaleFormat, number>> = { F32: 4, BF16: 2, E8M0: 1, E4M3: 1 };

type Shape = readonly [rows: number, columns: number];
type Cut = readonly [row: number, column: number, rows: number, columns: number];

/** A matrix with its scale grid, and the slab of it to decode. */
interface Case {
  readonly slab: Slab;
  readonly whole: { readonly rows: number; readonly columns: number };
  readonly weight: Uint8Array;
  readonly scale: Uint8Array;
}

interface Truth {
  readonly tables: Readonly<Record<keyof typeof TABLES, string>>;
  readonly rounded: string;
  readonly cases: readonly { readonly bits: string; readonly grid: object; readonly met: Readonly<Record<string, number>> }[];
}

const MAX = (2 - 2 ** -23) * 2 ** 127;
/** Scales of blocks and of whole tensors: zeros, ones, ties (1 + 2^-8), subnormals and overflows. */
const SPECIAL = [
  [0, 1, 1e-4, 1 / 448, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -23, 1 + 2 ** -8 - 2 ** -23, 3.3e38, MAX, Infinity],
  [2 ** -149, 3 * 2 ** -149, 2 ** -134, 3 * 2 ** -134, 2 ** -133, 5.1e-39, 1.17e-38, 2 ** -127, 2 ** -126, 2 ** -120],
]
  .flat()
  .flatMap((value) => [value, -value])
  .concat(Number.NaN);

const f32 = (values: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
const random = (length: number, seed: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  fillRandom(bytes, seed);
  return bytes;
};

/** A quarter special scales, a quarter random bits, the rest as in checkpoints. */
const randomScales = (format: ScaleFormat, length: number, seed: number): Uint8Array => {
  if (SCALE_BYTES[format] === 1) return random(length, seed);
  const next = randomNumbers(seed);
  const anyBits = new Float32Array(1);
  const words = new Uint32Array(anyBits.buffer);
  const values = Array.from({ length }, () => {
    words[0] = next();
    const kind = next() % 4;
    if (kind === 0) return SPECIAL[next() % SPECIAL.length]!;
    if (kind === 1) return anyBits[0]!;
    return (next() % 8 === 0 ? -1 : 1) * (1 + next() / 2 ** 32) * 2 ** ((next() % 24) - 20);
  });
  return format === 'F32' ? f32(values) : f32(values).filter((_, index) => index % 4 >= 2);
};

interface Options {
  readonly cut?: Cut;
  readonly global?: Slab['global'];
  readonly weight?: Uint8Array;
  readonly scaleBytes?: Uint8Array;
}

let seeds = 1;
const make = (code: CodeFormat, scale: ScaleFormat, [rows, columns]: Shape, block: Shape, options: Options = {}): Case => {
  const [blockRows, blockColumns] = block;
  const [row, column, high, wide] = options.cut ?? [0, 0, rows, columns];
  const scales = Math.ceil(rows / blockRows) * Math.ceil(columns / blockColumns);
  return {
    slab: { code, row, column, rows: high, columns: wide, blockRows, blockColumns, scale, global: options.global ?? null },
    whole: { rows, columns },
    weight: options.weight ?? random(isPacked(code) ? (rows * columns) / 2 : rows * columns, (seeds += 1)),
    scale: options.scaleBytes ?? randomScales(scale, scales, (seeds += 1)),
  };
};

const each = <const T, U>(list: readonly T[], build: (item: T) => readonly U[]): U[] => list.flatMap(build);
const bytesOf = (length: number, at: (index: number) => number): Uint8Array => Uint8Array.from({ length }, (_, index) => at(index));
const globals = (values: readonly number[]): Slab['global'][] =>
  each(values, (value) => (['multiplied', 'divided'] as const).map((joins) => ({ value: Math.fround(value), joins })));

const everyCodeAndScale = (code: CodeFormat, scale: ScaleFormat, global: Slab['global']): Case[] => {
  const columns = isPacked(code) ? 512 : 256;
  return [1, 2].map((blockRows) =>
    make(code, scale, [256 * blockRows, columns], [blockRows, columns], {
      global,
      weight: bytesOf(256 * blockRows * 256, (index) => index & 0xff),
      scaleBytes: bytesOf(256, (index) => index),
    }),
  );
};

/** Packed codes need blocks of even width. */
const ragged = (code: CodeFormat, scale: ScaleFormat): Case[] => {
  const blocks: Shape[] = [
    [128, 128],
    [1, 200],
    [576, 200],
    [1, 32],
    [1, isPacked(code) ? 2 : 1],
    [576, 2],
    [3, 10],
  ];
  const cuts: Cut[] = [
    [0, 0, 576, 200],
    [100, 50, 300, 138],
    [127, 126, 2, 4],
    [575, 198, 1, 2],
    [511, 0, 65, 200],
  ];
  return each(blocks, (block) => cuts.map((cut) => make(code, scale, [576, 200], block, { cut })));
};

/** A random case: formats, shape, blocks, cut and global scale. */
const anyCase = (seed: number): Case => {
  const next = randomNumbers(seed);
  const code = CODES[next() % 4]!;
  const unit = isPacked(code) ? 2 : 1;
  const below = (limit: number): number => next() % limit;
  const rows = 1 + below(60);
  const columns = (1 + below(100 / unit)) * unit;
  const row = below(rows);
  const column = below(columns / unit) * unit;
  const cut: Cut = [row, column, 1 + below(rows - row), (1 + below((columns - column) / unit)) * unit];
  const blockRows = [1, 1, 1, 1 + below(9), 32, rows][below(6)]!;
  const blockColumns = [16, 32, (1 + below(9)) * unit, columns, 128][below(5)]!;
  const global =
    below(2) === 0 ? null : globals([SPECIAL[below(SPECIAL.length)]!, (1 + next() / 2 ** 32) * 2 ** (below(20) - 10)])[below(4)]!;
  return make(code, SCALES[next() % 4]!, [rows, columns], [blockRows, blockColumns], { cut, global });
};

const CASES: Readonly<Record<string, readonly Case[]>> = {
  'all FP8 codes under special F32 scales, one by one and by table': each(['e4m3', 'e5m2'], (code) =>
    [256, 1024].map((columns) =>
      make(code, 'F32', [SPECIAL.length, columns], [1, columns], {
        weight: bytesOf(SPECIAL.length * columns, (index) => index & 0xff),
        scaleBytes: f32(SPECIAL),
      }),
    ),
  ),
  'all codes under all E8M0 scales': each(CODES, (code) => everyCodeAndScale(code, 'E8M0', null)),
  'all codes under all E4M3 scales': each(CODES, (code) => everyCodeAndScale(code, 'E4M3', null)),
  'all FP4 codes under all E4M3 scales and scales of the tensor': globals([...SPECIAL, 2688, 1 / 2688, 0.0123, 3.7e-5, 448 * 6]).map(
    (global) =>
      make('e2m1', 'E4M3', [256, 32], [1, 16], {
        global,
        weight: bytesOf(256 * 16, (index) => (index & 7) * 0x22 + 0x10),
        scaleBytes: bytesOf(512, (index) => (index % 2 === 0 ? index >> 1 : 255 - (index >> 1))),
      }),
  ),
  'all codes under byte scales and scales of the tensor': each(CODES, (code) =>
    each(globals([0.0123, 3e30]), (global) => each(['E8M0', 'E4M3'], (scale) => everyCodeAndScale(code, scale, global))),
  ),
  'all four-bit codes under all BF16 scales': each(['e2m1', 'int4'], (code) => [
    make(code, 'BF16', [256, 4096], [1, 16], {
      weight: bytesOf(256 * 2048, (index) => (index & 7) * 0x22 + 0x10),
      scaleBytes: new Uint8Array(Uint16Array.from({ length: 65536 }, (_, index) => index).buffer),
    }),
  ]),
  'INT4 in groups of 32 under BF16 scales': each([0, 3, 63], (row) =>
    [0, 48, 254].map((column) => make('int4', 'BF16', [64, 256], [1, 32], { cut: [row, column, 64 - row, 256 - column] })),
  ),
  'positive and negative zero, and both NaNs, as E4M3 scales side by side': each(CODES, (code) =>
    each([null, ...globals([2, -2, 0, -0])], (global) =>
      [1, 2].map((blockRows) =>
        make(code, 'E4M3', [8, 96], [blockRows, 16], {
          global,
          scaleBytes: bytesOf(48 / blockRows, (index) => [0x00, 0x80, 0x38, 0x7f, 0xb8, 0xff, 0x80, 0x00][index % 8]!),
        }),
      ),
    ),
  ),
  'ragged blocks and slabs from their middle': each(CODES, (code) => each(SCALES, (scale) => ragged(code, scale))),
  'any formats, shapes and slabs': Array.from({ length: 600 }, (_, seed) => anyCase(seed)),
};

/** F32 values on each tie, beside it and far from it, for all upper halves. */
const WORDS = Uint32Array.from({ length: 65536 * 5 }, (_, index) => {
  const upper = Math.floor(index / 5);
  return upper * 65536 + [0, 0x7fff, 0x8000, 0x8001, 0xffff][index % 5]!;
});

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
const toPythonCase = ({ slab, whole, weight, scale }: Case): object => ({
  slab: { ...slab, global: slab.global && { joins: slab.global.joins } },
  globalBits: slab.global && new Uint32Array(Float32Array.of(slab.global.value).buffer)[0],
  whole,
  weight: base64(weight),
  scale: base64(scale),
});

const runPython = async (): Promise<Truth> => {
  const directory = await mkdtemp(join(tmpdir(), 'swp-decode-'));
  try {
    const [cases, answers] = [join(directory, 'cases.json'), join(directory, 'answers.json')];
    const words = base64(new Uint8Array(WORDS.buffer));
    await writeFile(cases, JSON.stringify({ words, cases: Object.values(CASES).flat().map(toPythonCase) }));
    await execa(await pythonEnvironment(), [PROGRAM, cases, answers]);
    return JSON.parse(await readFile(answers, 'utf8')) as Truth;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};

/** A rectangle of bytes from rows of `width`, at an address where no wider word is aligned. */
const cutOut = (bytes: Uint8Array, width: number, [row, column, rows, columns]: Cut): Uint8Array => {
  const destination = new Uint8Array(rows * columns + 1).subarray(1);
  for (let at = 0; at < rows; at += 1)
    destination.set(bytes.subarray((row + at) * width + column, (row + at) * width + column + columns), at * columns);
  return destination;
};

const inputOf = ({ slab, whole, weight, scale }: Case): { weight: Uint8Array; scale: Uint8Array } => {
  const perByte = isPacked(slab.code) ? 2 : 1;
  const bytes = SCALE_BYTES[slab.scale];
  const { row, column, rows, columns } = gridOf(slab);
  const width = Math.ceil(whole.columns / slab.blockColumns) * bytes;
  return {
    weight: cutOut(weight, whole.columns / perByte, [slab.row, slab.column / perByte, slab.rows, slab.columns / perByte]),
    scale: cutOut(scale, width, [row, column * bytes, rows, columns * bytes]),
  };
};

const hex = (value: number | undefined, digits = 2): string => `0x${(value ?? 0).toString(16).padStart(digits, '0')}`;
/** The first element that differs, with its code and scale; undefined when all are equal. */
const difference = (item: Case, expected: Buffer): string | undefined => {
  const { slab } = item;
  const { weight, scale } = inputOf(item);
  const found = new Uint16Array(slab.rows * slab.columns);
  decodeSlab(slab, weight, scale, found);
  if (Buffer.from(found.buffer, found.byteOffset, found.byteLength).equals(expected)) return undefined;
  if (found.byteLength !== expected.byteLength) return `${found.byteLength} bytes instead of ${expected.byteLength}`;
  const index = found.findIndex((bits, at) => bits !== expected.readUInt16LE(at * 2));
  const [row, column] = [slab.row + Math.floor(index / slab.columns), slab.column + (index % slab.columns)];
  const code = isPacked(slab.code) ? (weight[index >> 1]! >> ((index & 1) * 4)) & 15 : weight[index];
  const grid = gridOf(slab);
  const at = (Math.floor(row / slab.blockRows) - grid.row) * grid.columns + Math.floor(column / slab.blockColumns) - grid.column;
  const bytes = SCALE_BYTES[slab.scale];
  const own = Buffer.from(scale.subarray(at * bytes, (at + 1) * bytes)).toString('hex');
  const values = `expected ${hex(expected.readUInt16LE(index * 2), 4)}, found ${hex(found[index], 4)} in ${JSON.stringify(slab)}`;
  return `element ${index} (${row}, ${column}), code ${hex(code)}, scale ${own}: ${values}`;
};

describe('decoding to BF16, against numpy and ml_dtypes', () => {
  let truth: Truth;
  const answers = new Map<Case, Truth['cases'][number]>();

  beforeAll(async () => {
    truth = await runPython();
    for (const [index, item] of Object.values(CASES).flat().entries()) answers.set(item, truth.cases[index]!);
  }, 300_000);

  it.each(Object.entries(TABLES))('%s has the values of the format', (name, table) => {
    const bytes = Uint8Array.from(Buffer.from(truth.tables[name as keyof typeof TABLES], 'base64'));
    expect([...table]).toEqual([...new Float32Array(bytes.buffer)]);
  });

  it('rounds every F32 around a tie to the nearest BF16', () => {
    const rounded = Uint16Array.from(new Float32Array(WORDS.buffer), bf16Bits);
    expect(Buffer.from(rounded.buffer).equals(Buffer.from(truth.rounded, 'base64'))).toBe(true);
  });

  it.each(Object.entries(CASES))('decodes %s', (_, cases) => {
    for (const item of cases) {
      const answer = answers.get(item)!;
      expect(gridOf(item.slab)).toEqual(answer.grid);
      expect(difference(item, Buffer.from(answer.bits, 'base64'))).toBeUndefined();
    }
  });

  it.each(['nan', 'inf', 'infFromFinite', 'subnormal', 'underflow', 'zero', 'negativeZero', 'tieToLower', 'tieToUpper'])(
    'covers %s in more than 1000 elements',
    (name) => expect(truth.cases.reduce((sum, { met }) => sum + met[name]!, 0)).toBeGreaterThan(1000),
  );
});

describe('the sizes of the inputs of a slab', () => {
  it.each(each(CODES, (code) => SCALES.map((scale) => [code, scale] as const)))('%s under %s must be exact', (code, scale) => {
    const { slab } = make(code, scale, [20, 64], [8, 32], { cut: [7, 30, 10, 34] });
    const [codes, scales] = [isPacked(code) ? 170 : 340, 3 * 2 * SCALE_BYTES[scale]];
    const decode = (weight: number, bytes: number, destination: number): void =>
      decodeSlab(slab, new Uint8Array(weight), new Uint8Array(bytes), new Uint16Array(destination));
    decode(codes, scales, 340);
    for (const [more, moreScales, moreOut] of [-1, 1].flatMap((off) => [[off, 0, 0] as const, [0, off, 0] as const, [0, 0, off] as const]))
      expect(() => decode(codes + more, scales + moreScales, 340 + moreOut)).toThrow(
        expect.objectContaining({ kind: 'internal', code: 'formats/slab-size' }),
      );
  });
});
