import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stripControls } from '../../../client/output/strip-controls.js';
import { Output } from '../../../client/output/output.js';
import { SwpError } from '../../../core/error.js';

const HOSTILE = '\u001b]0;mine\u0007\u001b[2Jgone\u009b31m\r\u202eback\u200f';
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

const sink = (json: boolean, isTTY: boolean) => {
  const kept = { out: '', err: '' };
  const stream = (name: 'out' | 'err') => ({ isTTY, write: (text: string) => void (kept[name] += text) });
  return { kept, output: new Output({ out: stream('out'), err: stream('err') }, { json, colour: true }) };
};

describe('untrusted text', () => {
  it('loses all control characters', () => {
    const hostile = fc.string({
      unit: fc.oneof(
        fc.constantFrom('\u001b', '[', '3', ';', 'm', '\u009b', '\u202e', '\u200f'),
        fc.string({ unit: 'binary', maxLength: 1 }),
      ),
    });
    fc.assert(
      fc.property(hostile, (text) => {
        expect(stripControls(text)).not.toMatch(CONTROL);
      }),
    );
  });

  it('keeps its words and lines', () => {
    expect(stripControls('Größe\tzwei\n\u001b[1mdrei\u001b[0m 😀')).toBe('Größe\tzwei\ndrei 😀');
  });

  it('has no control characters in errors, hints, notes, warnings and tables', () => {
    const { kept, output } = sink(false, false);
    output.error(new SwpError('internal', 'x/y', HOSTILE, { hint: HOSTILE, cause: new Error(HOSTILE) }));
    output.note(HOSTILE);
    output.warn(HOSTILE);
    output.table([], ['a', 'b'], [[`${HOSTILE}\n\t`, HOSTILE]]);
    expect(kept.err + kept.out).not.toMatch(CONTROL);
    expect(kept.out.split('\n')).toHaveLength(2);
    expect(kept.out.split('\t')).toHaveLength(2);
  });
});

it('one very long cell does not widen the other rows of a table', () => {
  const { kept, output } = sink(false, true);
  output.table(
    [],
    ['name', 'what'],
    [
      ['x'.repeat(250), 'long'],
      ['short', 'one'],
    ],
  );
  const lines = kept.out.trimEnd().split('\n');
  expect(lines.map(({ length }) => length > 100)).toEqual([false, true, false]);
  expect(lines[1]).toContain('x'.repeat(250));
});

describe('with --json', () => {
  it('an error is one line of JSON with code, kind, message and hint', () => {
    const { kept, output } = sink(true, true);
    output.error(new SwpError('quota', 'hub/full', 'No room.\nReally.', { hint: 'Make some.' }));
    expect(kept.err.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(kept.err)).toEqual({ error: { code: 'hub/full', kind: 'quota', message: 'No room.\nReally.', hint: 'Make some.' } });
  });

  it('a value that is not an error of ours is an internal error', () => {
    const { kept, output } = sink(true, false);
    output.error('thrown text');
    expect(JSON.parse(kept.err)).toEqual({ error: { code: 'internal', kind: 'internal', message: 'thrown text' } });
  });

  it('a table is printed as its values, not its cells', () => {
    const { kept, output } = sink(true, true);
    output.table([{ a: 1 }], ['a'], [['one']]);
    expect(JSON.parse(kept.out)).toEqual([{ a: 1 }]);
  });
});
