import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { appendEntry } from '../../catalog/append-entry.js';
import { parseSourceFile } from '../../catalog/source-file.js';
import { randomCatalog } from './random-catalog.js';
import { runs } from '../support/tiers.js';

const ENTRY = { key: 'new', tier: 'smoke', mtp_source_repo: 'labs/new', mtp_sidecar_repo: 'acme/new-mtp' };
const VINDEX = {
  key: 'new-full-q4-k',
  source_model: 'labs/new',
  quant: 'q4k',
  slices: ['full'],
  tier: 'smoke',
  output_name: 'new.vindex',
  hf_repo: 'acme/new-vindex',
};
const LINES = '  - key: new\n    tier: smoke\n    mtp_source_repo: labs/new\n    mtp_sidecar_repo: acme/new-mtp\n';
const INLINE = '{key: new, tier: smoke, mtp_source_repo: labs/new, mtp_sidecar_repo: acme/new-mtp}';
const one = (key: string, dash = '  '): string =>
  `${dash}- key: ${key}\n${dash}  tier: smoke\n${dash}  mtp_source_repo: labs/x\n${dash}  mtp_sidecar_repo: acme/${key}\n`;

const linesOf = (text: string): string[] => text.split(/\r?\n/);
/** Returns the comments of a text. A carriage return alone ends a line too (YAML 1.2.2, 5.4). */
const comments = (text: string): string[] => text.split(/\r\n|[\r\n]/).flatMap((line) => /(?:^|\s)(#.*)$/.exec(line)?.[1]?.trimEnd() ?? []);

/** Appends an entry to a random catalog; leaves out the few that are refused because of their comments. */
const append = (text: string, entry: Readonly<Record<string, unknown>> = ENTRY): string => {
  try {
    return appendEntry(text, entry);
  } catch (error) {
    expect(error).toMatchObject({ code: 'catalog/cannot-edit' });
    fc.pre(false);
    throw error;
  }
};

describe('appending an entry to any catalog', () => {
  it('keeps the previous entries and adds the new one', () => {
    fc.assert(
      fc.property(randomCatalog, ({ text }) => {
        fc.pre(parseSourceFile('c.yaml', text).problems.length === 0);
        const after = append(text);
        const { models } = parse(text) as { models: unknown[] };
        expect(parse(after)).toEqual({ models: [...models, ENTRY] });
        expect(parseSourceFile('c.yaml', after).problems).toEqual([]);
      }),
      { numRuns: runs(200) },
    );
  });

  it('changes no line of a block list without comments that it has written before', () => {
    fc.assert(
      fc.property(randomCatalog, ({ text, style }) => {
        fc.pre(style === 'block' && parseSourceFile('c.yaml', text).problems.length === 0);
        const before = linesOf(append(text.replaceAll(/(?<=^|\s)#[^\r\n]*/gm, ''), VINDEX));
        const after = linesOf(append(before.join('\n')));
        let head = 0;
        while (head < before.length && before[head] === after[head]) head += 1;
        let tail = 0;
        while (tail < before.length - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
        expect(before.length - head - tail).toBe(0);
      }),
      { numRuns: runs(200) },
    );
  });

  it('keeps every comment in order', () => {
    fc.assert(
      fc.property(randomCatalog, ({ text }) => {
        fc.pre(parseSourceFile('c.yaml', text).problems.length === 0);
        expect(comments(append(text))).toEqual(comments(text));
      }),
      { numRuns: runs(200) },
    );
  });

  it('keeps the line endings', () => {
    fc.assert(
      fc.property(randomCatalog, ({ text }) => {
        fc.pre(parseSourceFile('c.yaml', text).problems.length === 0 && text.includes('\n'));
        const after = append(text);
        expect(/(?<!\r)\n/.test(after)).toBe(/(?<!\r)\n/.test(text));
      }),
      { numRuns: runs(200) },
    );
  });

  it('either refuses a damaged catalog or keeps its entries and comments', () => {
    const damage = fc.array(
      fc.tuple(
        fc.nat(),
        fc.nat(3),
        fc.constantFrom('', '\n', ' ', '  ', '#', '-', ':', '[', ']', '{', '}', ',', '&', '*', '|', '"', '\t', '?', '!', '%'),
      ),
      {
        minLength: 1,
        maxLength: 3,
      },
    );
    fc.assert(
      fc.property(randomCatalog, damage, ({ text }, cuts) => {
        const damaged = cuts.reduce((was, [at, length, put]) => {
          const from = at % (was.length + 1);
          return `${was.slice(0, from)}${put}${was.slice(from + length)}`;
        }, text);
        fc.pre(parseSourceFile('c.yaml', damaged).problems.length === 0);
        const edited = (() => {
          try {
            return appendEntry(damaged, ENTRY);
          } catch (error) {
            expect(error).toMatchObject({ code: 'catalog/cannot-edit' });
            return null;
          }
        })();
        if (edited === null) return;
        expect(parse(edited)).toEqual({ models: [...(parse(damaged) as { models: unknown[] }).models, ENTRY] });
        expect(comments(edited)).toEqual(comments(damaged));
      }),
      { numRuns: runs(300) },
    );
  });

  it('is tested with random catalogs that are mostly valid and mostly accepted', () => {
    const sample = fc.sample(randomCatalog, { numRuns: 300, seed: 1 });
    const valid = sample.filter(({ text }) => parseSourceFile('c.yaml', text).problems.length === 0);
    expect(valid.length).toBeGreaterThan(250);
    const refused = valid.filter(({ text }) => {
      try {
        return appendEntry(text, ENTRY) === text;
      } catch {
        return true;
      }
    });
    expect(refused.length).toBeLessThan(15);
  });
});

describe('an appended entry', () => {
  it('goes below the last one with the same indent', () => {
    expect(appendEntry(`models:\n${one('a')}`, ENTRY)).toBe(`models:\n${one('a')}${LINES}`);
    expect(appendEntry(`models:\n${one('a', '')}`, ENTRY)).toBe(`models:\n${one('a', '')}${LINES.replaceAll(/^ {2}/gm, '')}`);
  });

  it('makes an empty list a block list, and keeps the comments', () => {
    expect(appendEntry('# mine\nmodels: []  # none yet\n\n# - key: example\n', ENTRY)).toBe(
      `# mine\nmodels:\n  # none yet\n${LINES}\n# - key: example\n`,
    );
  });

  it('has its slices on one line, as the built-in entries do', () => {
    expect(appendEntry('models: []\n', VINDEX)).toContain('    quant: q4k\n    slices: [full]\n    tier: smoke\n');
  });

  it('has its fields in the order of the built-in entries', () => {
    const reversed = Object.fromEntries(Object.entries(VINDEX).toReversed());
    expect(appendEntry('models: []\n', reversed)).toBe(appendEntry('models: []\n', VINDEX));
  });

  it('is separated by an empty line if the other entries are', () => {
    expect(appendEntry(`models:\n${one('a')}\n${one('b')}`, ENTRY)).toBe(`models:\n${one('a')}\n${one('b')}\n${LINES}`);
  });

  it('goes below the comments of the last one and above those of the file', () => {
    const text = `models:\n${one('a')}    # private: true\n  # - key: retired\n\n# The end.\n`;
    expect(appendEntry(text, ENTRY)).toBe(`models:\n${one('a')}    # private: true\n    # - key: retired\n${LINES}\n# The end.\n`);
  });

  it('may contain a number sign in a value', () => {
    const titled = { ...ENTRY, hf_collection: 'Weights #1' };
    expect(parse(appendEntry(`models:\n${one('a')}`, titled))).toMatchObject({ models: [{ key: 'a' }, titled] });
  });

  it('is appended below many empty lines and comments', () => {
    const gap = '\n  # a comment\n\n'.repeat(100);
    expect(parse(appendEntry(`models:\n${gap}${one('a')}`, ENTRY))).toMatchObject({ models: [{ key: 'a' }, ENTRY] });
  });

  it('is appended to a file without a final line break', () => {
    expect(appendEntry(`models:\n${one('a').trimEnd()}`, ENTRY)).toBe(`models:\n${one('a')}${LINES}`);
  });

  it.each([
    ['on the line of a flow list', `models: [${INLINE.replace('new', 'a')}]\n`, `models: [${INLINE.replace('new', 'a')}, ${INLINE}]\n`],
    ['in an empty flow list', '{models: []}\n', `{models: [${INLINE}]}\n`],
  ])('goes %s', (_, before, after) => {
    expect(appendEntry(before, ENTRY)).toBe(after);
  });

  it.each(['123', 'true', 'null', '1e5', '0x10'])('keeps the key %j as text', (key) => {
    expect((parse(appendEntry('models: []\n', { ...ENTRY, key })) as { models: unknown[] }).models).toEqual([{ ...ENTRY, key }]);
  });

  it('keeps the tier "on" as text in YAML 1.1', () => {
    const after = appendEntry('%YAML 1.1\n---\nmodels: []\n', { ...ENTRY, tier: 'on' });
    expect((parse(after) as { models: unknown[] }).models).toEqual([{ ...ENTRY, tier: 'on' }]);
    expect(after).toContain('"on"');
  });
});

it.each([
  ['a list that is an alias', 'other: &x []\nmodels: *x\n'],
  ['models that are no list', 'models: {}\n'],
  ['a catalog without models', 'moddels: []\n'],
  ['a catalog that is no mapping', '- a\n'],
])('appending is refused for %s', (_, text) => {
  expect(() => appendEntry(text, ENTRY)).toThrow(
    expect.objectContaining({ code: 'catalog/cannot-edit', hint: expect.stringContaining('by hand') }),
  );
});
