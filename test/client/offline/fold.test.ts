import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fold } from '../../../client/output/fold.js';
import { Output } from '../../../client/output/output.js';
import { runs } from '../../support/tiers.js';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('a line that is wider than the terminal', () => {
  it('is broken between words, and indented to its text', () => {
    expect(fold('    ok      source-license: labs/tiny is licensed apache-2.0; the card inherits it.', 60)).toBe(
      ['    ok      source-license: labs/tiny is licensed', '            apache-2.0; the card inherits it.'].join('\n'),
    );
    expect(fold('One sentence that is a little too long.', 30)).toBe('One sentence that is a little\ntoo long.');
  });

  it('is indented less when its last column is narrow', () => {
    const line = `    add     model.safetensors                        45.2 MB, ${DIGEST}`;
    expect(fold(line, 84)).toBe(['    add     model.safetensors                        45.2 MB,', `            ${DIGEST}`].join('\n'));
  });

  it('keeps a word whole that is wider than the terminal', () => {
    expect(fold(`  plan      ${DIGEST}`, 80)).toBe(`  plan\n    ${DIGEST}`);
    expect(fold(`  plan      ${DIGEST}`, 60)).toBe(`  plan\n    ${DIGEST}`);
  });

  it('never breaks a command', () => {
    const command = `swp approve acme/qwen3-5-4b-base-mtp --plan ${DIGEST}`;
    expect(fold(`Approve exactly this plan: ${command}`, 60)).toBe(`Approve exactly this plan:\n  ${command}`);
    expect(fold('On a server of your own run `swp doctor --setup` once, or else these:', 40)).toBe(
      'On a server of your own run\n`swp doctor --setup` once, or else\nthese:',
    );
    const indented = `  temporal operator search-attribute create --namespace default --name SwpEntry --type Keyword`;
    expect(fold(indented, 60)).toBe(indented);
  });

  it('keeps a number with its unit', () => {
    expect(fold('sent 5.00 MB of 20.0 MB, 1.00 MB/s, 15 s left', 30)).toBe('sent 5.00 MB of 20.0 MB,\n1.00 MB/s, 15 s left');
  });

  it('keeps its colours', () => {
    expect(fold('\u001b[2mdim words that go on and on\u001b[22m', 20)).toBe(
      '\u001b[2mdim words that go on\u001b[22m\n\u001b[2mand on\u001b[22m',
    );
  });

  it('is unchanged when the width is unknown', () => {
    expect(fold('word '.repeat(100), undefined)).toBe('word '.repeat(100));
  });
});

it('loses no word when it folds', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '語', 'é'), minLength: 1, maxLength: 30 });
  const line = fc.tuple(fc.integer({ min: 0, max: 12 }), fc.array(fc.tuple(word, fc.constantFrom(' ', '  ', '      ')), { maxLength: 20 }));
  fc.assert(
    fc.property(line, fc.integer({ min: 30, max: 120 }), ([indent, words], columns) => {
      const text = `${' '.repeat(indent)}${words.map(([one, gap]) => one + gap).join('')}`;
      const folded = fold(text, columns);
      expect(folded.split(/\s+/).filter((one) => one !== '')).toEqual(words.map(([one]) => one));
    }),
    { numRuns: runs(500) },
  );
});

describe('a table on a terminal', () => {
  const shown = (columns: number): string => {
    const kept = { out: '' };
    const out = { isTTY: true, columns, write: (text: string) => void (kept.out += text) };
    const output = new Output({ out, err: { write: () => undefined } }, { json: false, colour: false });
    output.table(
      [],
      ['entry', 'waits for', 'decide with'],
      [
        ['acme/one', 'a reviewer', `swp approve acme/one --plan ${DIGEST}`],
        ['acme/another', 'an operator', 'swp retry acme/another, or swp abandon acme/another'],
      ],
    );
    return kept.out;
  };

  it('is aligned when it fits', () => {
    expect(shown(140).split('\n')[0]).toBe('entry         waits for    decide with');
  });

  it('is one block per row when it does not fit', () => {
    expect(shown(120)).not.toMatch(/^entry/);
    expect(shown(80)).toBe(
      `acme/one
  waits for    a reviewer
  decide with
    swp approve acme/one --plan ${DIGEST}

acme/another
  waits for    an operator
  decide with  swp retry acme/another, or swp abandon acme/another
`,
    );
  });
});
