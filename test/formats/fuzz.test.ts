import { readFileSync } from 'node:fs';
import { execa } from 'execa';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { SwpError } from '../../core/error.js';
import { LENGTH_PREFIX, openHeader, type SafetensorsHeader } from '../../formats/safetensors/header.js';
import { openIndex, type SafetensorsIndex } from '../../formats/safetensors/index-file.js';
import type { Parsing } from '../../formats/safetensors/json-members.js';
import { escapePath } from '../../hub/call.js';
import { pythonEnvironment } from '../support/python.js';
import { runs } from '../support/tiers.js';

/** Texts with their expected outcome: an error code, or null. `data` is the size of the data in bytes. */
const Corpus = z.array(z.strictObject({ what: z.string(), text: z.string(), data: z.int().optional(), code: z.string().nullable() }));
const corpus = (name: string) => Corpus.parse(JSON.parse(readFileSync(new URL(`corpus/${name}.json`, import.meta.url), 'utf8')));
const HEADERS = corpus('headers');
const INDEXES = corpus('indexes');
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

type Outcome<T> = { readonly made: T } | { readonly code: string; readonly message: string };

/** Feeds a text in pieces that end at `cuts`. Any error other than an `SwpError` fails the test. */
const outcome = <T>(open: () => Parsing<T>, bytes: Uint8Array, cuts: readonly number[] = []): Outcome<T> => {
  try {
    const parsing = open();
    const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
    for (const [at, end] of ends.entries()) parsing.feed(bytes.subarray(ends[at - 1] ?? 0, end));
    return { made: parsing.end() };
  } catch (error) {
    if (!(error instanceof SwpError)) throw error;
    return { code: error.code, message: error.message };
  }
};
/** Checks that a text has the same outcome in pieces; of two faults, invalid UTF-8 may be found first or last. */
const expectSame = <T>(parts: Outcome<T>, whole: Outcome<T>): void => {
  const refused = [parts, whole].filter((one) => 'code' in one);
  if (refused.some(({ code }) => code === 'formats/bad-utf8')) expect(refused).toHaveLength(2);
  else expect(parts).toEqual(whole);
};
const headerOutcome = (bytes: Uint8Array, data: number, cuts?: readonly number[]): Outcome<SafetensorsHeader> =>
  outcome(() => openHeader(bytes.length, LENGTH_PREFIX + bytes.length + data), bytes, cuts);
const indexOutcome = (bytes: Uint8Array, cuts?: readonly number[]): Outcome<SafetensorsIndex> =>
  outcome(() => openIndex(() => true), bytes, cuts);

const TOKENS = [
  '"',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\\',
  'null',
  '0',
  '-1',
  '1e1',
  '1e999',
  '179769313486231572e291',
  '9007199254740993',
  '"a"',
  '"dtype"',
  '../',
  '\u0000',
  ' ',
];
const edit = fc.record({
  at: fc.nat(),
  drop: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(60)),
  insert: fc.oneof(fc.constantFrom(...TOKENS).map(bytesOf), fc.uint8Array({ maxLength: 3 })),
});
/** Texts of a corpus with bytes dropped, inserted and repeated. */
const damaged = (texts: readonly { readonly text: string; readonly data?: number | undefined }[]) =>
  fc
    .tuple(fc.constantFrom(...texts), fc.array(edit, { maxLength: 3 }), fc.option(fc.tuple(fc.nat(), fc.nat(90), fc.nat())))
    .map(([{ text, data = 0 }, edits, copy]) => {
      let bytes = bytesOf(text);
      for (const { at, drop, insert } of edits) {
        const from = at % (bytes.length + 1);
        bytes = Uint8Array.from([...bytes.subarray(0, from), ...insert, ...bytes.subarray(from + drop)]);
      }
      if (copy !== null) {
        const [begin, length, to] = copy.map((number) => number % (bytes.length + 1)) as [number, number, number];
        bytes = Uint8Array.from([...bytes.subarray(0, to), ...bytes.subarray(begin, begin + length), ...bytes.subarray(to)]);
      }
      return { bytes, data };
    });
const cutting = fc.array(fc.nat(), { maxLength: 6 });

const officialReader = async (files: readonly { readonly bytes: Uint8Array; readonly data: number }[]): Promise<boolean[]> => {
  const input = JSON.stringify(files.map(({ bytes, data }) => [Buffer.from(bytes).toString('base64'), data]));
  const { stdout } = await execa(await pythonEnvironment(), [new URL('official_reader.py', import.meta.url).pathname], { input });
  return z.array(z.boolean()).parse(JSON.parse(stdout));
};

describe('a header', () => {
  it.each(HEADERS)('has the outcome of the corpus with $what, also byte by byte', ({ text, data = 0, code }) => {
    const bytes = bytesOf(text);
    const whole = headerOutcome(bytes, data);
    expect('code' in whole ? whole.code : null).toBe(code);
    expect(headerOutcome(bytes, data, [...bytes.keys()])).toEqual(whole);
  });

  it('is refused or tiles its file exactly when it is damaged, in any pieces', () => {
    fc.assert(
      fc.property(damaged(HEADERS), cutting, ({ bytes, data }, cuts) => {
        const whole = headerOutcome(bytes, data);
        expectSame(headerOutcome(bytes, data, cuts), whole);
        if ('code' in whole) return;
        let position = LENGTH_PREFIX + bytes.length;
        for (const { begin, end } of whole.made.tensors) {
          expect(begin).toBe(position);
          position = end;
        }
        expect(position).toBe(LENGTH_PREFIX + bytes.length + data);
        expect(new Set(whole.made.tensors.map(({ name }) => name)).size).toBe(whole.made.count);
      }),
      { numRuns: runs(5000) },
    );
  });

  it('is accepted only when the official reader accepts it', async () => {
    const known = HEADERS.map(({ text, data = 0 }) => ({ bytes: bytesOf(text), data }));
    const files = [...known, ...fc.sample(damaged(HEADERS), runs(3000))].filter(({ bytes, data }) => 'made' in headerOutcome(bytes, data));
    expect(files.length).toBeGreaterThan(HEADERS.filter(({ code }) => code === null).length);
    const opens = await officialReader(files);
    expect(files.filter((_, at) => opens[at] !== true).map(({ bytes }) => new TextDecoder().decode(bytes))).toEqual([]);
  }, 300_000);
});

describe('an index', () => {
  it.each(INDEXES)('has the outcome of the corpus with $what, also byte by byte', ({ text, code }) => {
    const bytes = bytesOf(text);
    const whole = indexOutcome(bytes);
    expect('code' in whole ? whole.code : null).toBe(code);
    expect(indexOutcome(bytes, [...bytes.keys()])).toEqual(whole);
  });

  it('is refused or names only files of its repository when it is damaged', () => {
    fc.assert(
      fc.property(damaged(INDEXES), cutting, ({ bytes }, cuts) => {
        const whole = indexOutcome(bytes);
        expectSame(indexOutcome(bytes, cuts), whole);
        if ('code' in whole) return;
        for (const file of whole.made.files) {
          const { host, pathname } = new URL(escapePath(file), 'hub://host/repo/');
          expect([host, decodeURIComponent(pathname)]).toEqual(['host', `/repo/${file}`]);
        }
        expect(new Set(whole.made.weightMap.values())).toEqual(whole.made.files);
      }),
      { numRuns: runs(5000) },
    );
  });
});
