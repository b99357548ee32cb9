import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes, cutMiddle, formatBytes, sanitizeLine, plural } from '../../core/text.js';

describe('byte counts', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [9_994, '9.99 kB'],
    [9_996, '10.0 kB'],
    [99_960, '100 kB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'],
    [67_200_000, '67.2 MB'],
    [5e11, '500 GB'],
  ])('%i is shown as %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it('never have more than three digits', () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (bytes) => {
        expect(formatBytes(bytes)).toMatch(/^(\d{1,3} B|(\d\.\d\d|\d\d\.\d|\d{3}) [kMGTP]B)$/);
      }),
    );
  });
});

it('a count has a singular or plural noun', () => {
  expect([plural(1, 'head'), plural(0, 'head'), plural(1200, 'entry', 'entries')]).toEqual(['1 head', '0 heads', '1,200 entries']);
});

it('names are ordered by their UTF-8 bytes', () => {
  const name = fc.string({
    unit: fc.oneof(fc.constantFrom('a', 'b', '\uffff', '\u{10000}', '\ue000'), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })),
  });
  fc.assert(
    fc.property(name, name, (a, b) => {
      expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
});

describe('a text cut in its middle', () => {
  it('keeps its beginning and its end, is bounded and well-formed', () => {
    expect(cutMiddle('abcdefghij', 7)).toBe('abcd…ij');
    expect(cutMiddle('abcdefg', 7)).toBe('abcdefg');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 20 }), (text, max) => {
        const cut = cutMiddle(text, max);
        expect(cut.length).toBeLessThanOrEqual(max);
        expect(cut.isWellFormed()).toBe(true);
        if (text.isWellFormed() && text.length <= max) expect(cut).toBe(text);
      }),
    );
  });
});

describe('untrusted text on one line', () => {
  it('holds no control character, line break or direction mark, and is bounded', () => {
    const hostile = fc.string({
      unit: fc.oneof(
        fc.constantFrom('\u001b[2J', '\n', '\r', '\u009b', '\u2028', '\u202e', '\u2067', '\u200f', '\u061c'),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      ),
    });
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 50 }), (text, max) => {
        const line = sanitizeLine(text, max);
        expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
        expect(line.length).toBeLessThanOrEqual(max);
      }),
    );
  });

  it('is well-formed even if the input or the cut splits a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '😀', '\ud83d', '\ude00') }), fc.integer({ min: 1, max: 10 }), (text, max) => {
        expect(sanitizeLine(text, max).isWellFormed()).toBe(true);
      }),
    );
  });

  it('keeps harmless text', () => {
    expect(sanitizeLine(' Größe: 3 😀 <b>|`x` ')).toBe('Größe: 3 😀 <b>|`x`');
  });
});
