import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../../../dev/temporal/project.js';
import { blocksOf, commandsIn, readDocuments } from '../../support/documents.js';
import { parseFault } from '../../support/parse-swp.js';

const DOCUMENTS = await readDocuments();
const TEST_MODES = [[], ['parse-only'], ['keep-running']];

const shell = DOCUMENTS.flatMap((document) => blocksOf(document).filter(({ language }) => language === 'sh'));
/** Unique commands, each with its text. */
const named = (commands: readonly string[][]) => [...new Map(commands.map((words) => [words.join(' '), words])).entries()];
const inBlocks = named(shell.flatMap(({ text }) => commandsIn(text)));
/** Commands in sentences: there `swp approve` only names the command, without its arguments. */
const inSentences = named(
  DOCUMENTS.flatMap(({ text }) => [...text.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/`([^`\n]+)`/g)]).flatMap(([, code = '']) =>
    commandsIn(code),
  ),
);

it('finds many commands in the documents', () => {
  expect([inBlocks.length > 20, inSentences.length > 8]).toEqual([true, true]);
});

describe('a command in a block', () => {
  it.each(inBlocks)('swp %s', async (_, words) => {
    expect(await parseFault(words)).toBeNull();
  });
});

describe('a command in a sentence', () => {
  it.each(inSentences)('swp %s', async (_, words) => {
    expect([null, 'commander.missingArgument', 'commander.missingMandatoryOptionValue', 'commander.help']).toContain(
      await parseFault(words),
    );
  });
});

describe('the check of a command', () => {
  it.each(
    [
      ['start'],
      ['start', 'acme/x', '--wacht'],
      ['strat', 'acme/x'],
      ['start', 'acme/x', '--only', 'heads'],
      ['start', 'acme/x', 'y'],
      ['catalog', 'find', '--limit', '0'],
    ].map((words) => [words.join(' '), words] as const),
  )('refuses swp %s', async (_, words) => {
    expect(await parseFault(words)).not.toBeNull();
  });

  it('finds commands behind npx and variables, in pipes and in $(…)', () => {
    const code = 'HF_TOKEN=$T swp worker control  # keep it\nnpx swp status\nx="$(swp plan a/b --json | jq -r .digest)"\nmkdir swp\n';
    expect(commandsIn(code)).toEqual([['worker', 'control'], ['status'], ['plan', 'a/b', '--json']]);
  });
});

it.each(DOCUMENTS.map((document) => [document.path, document] as const))('the fences of %s name a known test mode', (_, document) => {
  for (const { line, language, words } of blocksOf(document))
    expect(language === 'sh' ? TEST_MODES : [[]], `line ${line}: ${words.join(' ')}`).toContainEqual(words);
});

it('every npm script in the documents exists', async () => {
  const { scripts } = JSON.parse(await readFile(join(projectRoot(), 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  const shown = DOCUMENTS.flatMap(({ text }) => [...text.matchAll(/npm run ([a-z][a-z:-]*)/g)].map(([, name]) => name));
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(shown));
});
