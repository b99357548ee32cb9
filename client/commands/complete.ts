import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import { readCatalog, type Catalog } from '../../catalog/load.js';
import { FOXLIGHT } from '../../catalog/settings-file.js';
import { catalogOptions } from '../catalog.js';
import { SHELLS } from '../completion-shells.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

type Suggest = (value: string, description: string) => void;

/** Returns the catalog that the typed words select; null if it has mistakes, which a completion does not report. */
const typedCatalog = async (words: readonly string[], { cwd, catalogFile }: Context): Promise<Catalog | null> => {
  const at = words.indexOf('--catalog');
  const file = (at === -1 ? undefined : words[at + 1]) ?? catalogFile;
  return (await readCatalog(catalogOptions({ cwd, ...(file === undefined || file === '' ? {} : { catalogFile: file }) }))).catalog;
};

/** Global options, which are allowed after every command. */
const GLOBAL_OPTIONS = ['json', 'catalog'];

/** Prints the completions of the typed words, of which the last is incomplete. */
export const complete = async (words: string[], program: Command, context: Context): Promise<ExitCode> => {
  const root = tab(program, { completionCommandName: 'completion' });
  const catalog = await typedCatalog(words, context);
  const entries = (suggest: Suggest): void => {
    for (const { name, entry } of catalog?.entries.values() ?? []) suggest(name, entry.tier);
  };
  const sources = (suggest: Suggest): void => {
    for (const { name, file } of catalog?.sources ?? []) if (name !== FOXLIGHT) suggest(name, file);
  };
  // Suggest only the shells that have a script here: the library knows one more.
  const shell = root.commands.get('completion')?.arguments.get('shell');
  if (shell !== undefined) shell.handler = (suggest) => SHELLS.forEach((name) => suggest(name, ''));
  for (const command of root.commands.values()) {
    const entry = command.arguments.get('entry');
    if (entry !== undefined) entry.handler = entries;
    const source = command.value === 'catalog add' ? command.options.get('source') : undefined;
    if (source !== undefined) source.handler = sources;
    for (const name of GLOBAL_OPTIONS) {
      const option = root.options.get(name);
      if (option !== undefined) command.options.set(name, option);
    }
  }
  root.parse(words);
  return EXIT.ok;
};
