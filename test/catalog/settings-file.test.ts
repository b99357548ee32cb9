import { describe, expect, it } from 'vitest';
import { problemText } from '../../catalog/problem.js';
import { parseSettingsFile } from '../../catalog/settings-file.js';

const problems = (text: string): string[] => parseSettingsFile('s.yaml', text).problems.map(problemText);

describe('skulk-weights.yaml', () => {
  it.each(['', '# nothing yet\n', '{}'])('without sources (%j) has only the built-in source', (text) => {
    expect(parseSettingsFile('s.yaml', text)).toEqual({ settings: { sources: [], includeFoxlight: true }, problems: [] });
  });

  it.each([
    ['an unknown field', 'colour: red\n', 's.yaml:1: colour: unknown field'],
    ['a misspelt field', 'source: []\n', 's.yaml:1: source: unknown field; did you mean sources?'],
    ["a source's field beside the sources", 'sources: []\nname: acme\n', 's.yaml:2: name: unknown field'],
    [
      'a misspelt field of a source',
      'sources:\n  - name: acme\n    paht: x.yaml\n',
      's.yaml:3: sources.paht: unknown field; did you mean path?',
    ],
    [
      'a setting inside a source',
      'sources:\n  - {name: a, path: b, include_foxlight: false}\n',
      's.yaml:2: sources.include_foxlight: unknown field',
    ],
    [
      'a source twice',
      'sources:\n  - {name: a, path: b}\n  - {name: a, path: c}\n',
      's.yaml:3: sources.name: a is already used: every source needs its own name',
    ],
    ['an upper-case source', 'sources:\n  - {name: Acme, path: b}\n', 's.yaml:2: sources.name: must be lower-case'],
    ['the built-in namespace', 'sources:\n  - {name: foxlight, path: b}\n', 's.yaml:2: sources.name: must not be foxlight'],
    ['a source without path', 'sources:\n  - name: a\n', 's.yaml:2: sources.path: is missing'],
    ['a quoted boolean', 'include_foxlight: "no"\n', 's.yaml:1: include_foxlight:'],
    ['a list', '- a\n', 's.yaml:1: '],
  ])('with %s is refused with line and field', (_, text, expected) => {
    expect(problems(text).join('\n')).toContain(expected);
  });
});
