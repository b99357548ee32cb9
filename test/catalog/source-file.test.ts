import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { problemText } from '../../catalog/problem.js';
import { parseSourceFile } from '../../catalog/source-file.js';
import { parseSettingsFile } from '../../catalog/settings-file.js';
import { runs } from '../support/tiers.js';

const SIDECAR = { key: 'one', tier: 'smoke', mtp_source_repo: 'a/source', mtp_sidecar_repo: 'b/target' };
const VINDEX = {
  key: 'two',
  tier: 'moe',
  source_model: 'a/model',
  quant: 'q4k',
  slices: ['full'],
  output_name: 'two.vindex',
  hf_repo: 'b/two',
};

const problems = (...entries: unknown[]): string[] => parseSourceFile('my.yaml', stringify({ models: entries })).problems.map(problemText);

describe('an entry', () => {
  it('may have a sidecar, a vindex or both', () => {
    expect(problems(SIDECAR)).toEqual([]);
    expect(problems(VINDEX)).toEqual([]);
    expect(problems({ ...VINDEX, ...SIDECAR })).toEqual([]);
  });

  it.each([
    ['an upper-case key', { ...SIDECAR, key: 'One' }, 'key: must be lower-case'],
    ['no key', { ...SIDECAR, key: undefined }, 'key: is missing'],
    ['a misspelt field', { ...SIDECAR, mtp_sidecar_rep: 'b/x' }, 'mtp_sidecar_rep: unknown field; did you mean mtp_sidecar_repo?'],
    ['an unknown field', { ...SIDECAR, colour: 'red' }, 'colour: unknown field'],
    ['half a pair', { ...SIDECAR, mtp_sidecar_repo: undefined }, 'mtp_source_repo: needs mtp_sidecar_repo too'],
    ['quantised heads', { ...SIDECAR, mtp_quant: 'q4' }, 'mtp_quant: must be bf16 or left out: the heads are the drafter'],
    [
      'an assistant beside heads',
      { ...SIDECAR, assistant_model_repo: 'a/b' },
      'assistant_model_repo: cannot be combined with the MTP fields',
    ],
    ['half a vindex', { ...SIDECAR, source_model: 'a/m' }, 'hf_repo: is missing: an entry with source_model needs'],
    ['nothing to publish', { key: 'x', tier: 'smoke' }, 'key: the entry publishes nothing'],
    ['a short revision', { ...SIDECAR, mtp_source_revision: 'abc' }, 'mtp_source_revision: must be a full commit SHA'],
    [
      'a revision without its repository',
      { ...SIDECAR, vision_source_revision: 'a'.repeat(40) },
      'vision_source_revision: has no effect without vision_source_repo',
    ],
    ['an output path', { ...VINDEX, output_name: '../two.vindex' }, 'output_name: must be a plain name'],
    ['an output without ending', { ...VINDEX, output_name: 'two' }, 'output_name: must end in .vindex'],
    ['a target that is its source', { ...SIDECAR, mtp_sidecar_repo: 'A/Source' }, 'mtp_sidecar_repo: is also read as mtp_source_repo'],
    [
      'one target of two kinds',
      { ...VINDEX, mtp_source_repo: 'a/s', mtp_sidecar_repo: 'B/Two' },
      'mtp_sidecar_repo: is also the target in hf_repo',
    ],
    ['a repository without owner', { ...SIDECAR, mtp_source_repo: 'source' }, 'mtp_source_repo: must look like owner/name'],
    ['a repository with a parent path', { ...SIDECAR, mtp_source_repo: 'a/..' }, 'mtp_source_repo:'],
    ['a quant that LARQL lacks', { ...VINDEX, quant: 'q8' }, 'quant:'],
    ['no entry at all', 'text', 'models[0]:'],
    ['a list for an entry', [], 'models[0]:'],
    ['no tier', { ...SIDECAR, tier: undefined }, 'tier: is missing'],
    ['two slices', { ...VINDEX, slices: ['full', 'expert-server'] }, 'slices'],
    ['no slice', { ...VINDEX, slices: [] }, 'slices'],
    ['an unknown slice', { ...VINDEX, slices: ['half'] }, 'slices'],
    ['a short revision of the vindex source', { ...VINDEX, source_revision: 'main' }, 'source_revision: must be a full commit SHA'],
    ['a quoted boolean', { ...SIDECAR, private: 'true' }, 'private:'],
    ['other tensor names', { ...SIDECAR, mtp_names: 'mlx' }, 'mtp_names:'],
    ['half a vision pair', { ...SIDECAR, vision_source_repo: 'a/v' }, 'vision_source_repo: needs vision_sidecar_repo too'],
    [
      'a collection title that is too long',
      { ...SIDECAR, hf_collection: 'x'.repeat(61) },
      'hf_collection: must be the slug of a collection',
    ],
    ['tensor names without a sidecar', { ...VINDEX, mtp_names: 'skulk' }, 'mtp_names: has no effect without mtp_sidecar_repo'],
    [
      'a source revision without a vindex',
      { ...SIDECAR, source_revision: 'a'.repeat(40) },
      'source_revision: has no effect without source_model',
    ],
    ['a vindex over its own source', { ...VINDEX, hf_repo: 'A/Model' }, 'hf_repo: is also read as source_model'],
    [
      'a target that another kind reads',
      { ...VINDEX, mtp_source_repo: 'b/two', mtp_sidecar_repo: 'b/t' },
      'hf_repo: is also read as mtp_source_repo',
    ],
    ['a field of the object prototype', { ...SIDECAR, constructor: 1 }, 'constructor: unknown field'],
  ])('with %s is refused with file, line and field', (_, entry, expected) => {
    const found = problems(entry);
    expect(found.join('\n')).toContain(expected);
    for (const line of found) expect(line).toMatch(/^my\.yaml:\d+: /);
  });

  it('reports all of its mistakes together, each with its line', () => {
    const text = 'models:\n  - key: Bad\n    tier: smoke\n    mtp_source_repo: nope\n    colour: red\n';
    expect(parseSourceFile('f.yaml', text).problems.map(({ line, field }) => [line, field])).toEqual([
      [2, 'key'],
      [4, 'mtp_source_repo'],
      [5, 'colour'],
    ]);
  });

  it.each(['source_model', 'quant', 'slices', 'output_name', 'hf_repo'] as const)('with a vindex needs %s', (field) => {
    expect(problems({ ...VINDEX, [field]: undefined }).join('\n')).toContain(`${field}: is missing`);
  });

  it('may use an anchor, and its mistakes still have a line', () => {
    const text = 'models:\n  - &one {key: one, tier: smoke, mtp_source_repo: a/b, mtp_sidecar_repo: b/c}\n  - *one\n';
    expect(parseSourceFile('f.yaml', text).problems.map(problemText)).toEqual([
      'f.yaml:3: key: one is already used at line 2: every entry needs its own key',
    ]);
  });

  it('must not have the key of another entry', () => {
    expect(problems(SIDECAR, { ...SIDECAR, mtp_sidecar_repo: 'b/other' }).join()).toContain('key: one is already used at line 2');
  });
});

describe('hostile YAML', () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
    .split('')
    .map((name, at) => `${name}: &${name} [${`*${'abcdefgh'[at]},`.repeat(9)}]`)
    .join('\n')}\nmodels: *i\n`;
  it.each([
    ['an alias bomb', bomb],
    ['duplicate keys', 'models: []\nmodels: []\n'],
    ['a tab', 'models:\n\t- key: x\n'],
    ['a scalar', '42'],
    ['nothing', ''],
    ['two documents', 'models: []\n---\nmodels: []\n'],
    ['five megabytes', `# ${'x'.repeat(5e6)}\nmodels: []\n`],
    ['a tag', 'models: !!js/function "x"\n'],
    ['a null byte in a value', 'models:\n  - key: a\u0000b\n'],
    ['an alias to itself', 'models: &a [*a]\n'],
    ['a million open lists', '['.repeat(1e6)],
    ['a million nested lists', `models: ${'- '.repeat(1e6)}x\n`],
    ['five thousand nested maps', `models: ${'{a: '.repeat(5000)}${'}'.repeat(5000)}\n`],
    ['a list', '- models\n'],
    ['a prototype', 'models:\n  - __proto__: {key: x}\n'],
  ])('%s is reported as a problem', (_, text) => {
    const { entries, problems: found } = parseSourceFile('f.yaml', text);
    expect(entries).toEqual([]);
    expect(found.length).toBeGreaterThan(0);
  });

  it('with maps as keys emits no process warning', () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const { problems: found } = parseSourceFile('f.yaml', 'models:\n  - ? {a: b}\n    : c\n');
    expect(warned).not.toHaveBeenCalled();
    expect(found.map(({ message }) => message)).toContain('unknown field');
    warned.mockRestore();
  });

  it('never makes the parser throw, whatever its form', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string({ unit: 'binary' }),
          fc.object().map((value) => stringify({ models: [value] })),
        ),
        (text) => {
          expect(Array.isArray(parseSourceFile('f.yaml', text).problems)).toBe(true);
          expect(Array.isArray(parseSettingsFile('s.yaml', text).problems)).toBe(true);
        },
      ),
      { numRuns: runs(300) },
    );
  });
});
