import { basename, relative, resolve } from 'node:path';
import { loadCatalog } from '../../catalog/load.js';
import { createStarter, sourceNameFault } from '../../catalog/starter.js';
import { SwpError } from '../../core/error.js';
import { slugOf } from '../../plan/proposal/target-names.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { askText, mayPrompt } from '../prompt.js';

const nameOf = async (given: string | undefined, directory: string, context: Context): Promise<string> => {
  if (given === undefined && !mayPrompt(context))
    throw new SwpError('usage', 'client/source-needed', 'Without a terminal to ask on, catalog init needs the name of your source.', {
      hint: 'The name of your organisation on the Hub is a good choice: swp catalog init --source acme',
    });
  const name =
    given ??
    (await askText('Name of your source? Its entries are called name/key.', {
      proposal: slugOf(basename(directory)),
      fault: sourceNameFault,
      signal: context.signal,
    }));
  const fault = sourceNameFault(name);
  if (fault === undefined) return name;
  throw new SwpError('usage', 'client/bad-source-name', `--source ${name} ${fault}.`);
};

/** Creates an empty catalog in a directory that has none. */
export const catalogInit = async (
  { source: given, directory: path = '.' }: { readonly source?: string; readonly directory?: string },
  context: Context,
): Promise<ExitCode> => {
  const { out, cwd, catalogFile } = context;
  const directory = resolve(cwd, path);
  const source = await nameOf(given, directory, context);
  const { settings, catalog } = await createStarter(directory, source);
  // Check the new files by reading them as every command will.
  await loadCatalog({ cwd: directory, file: settings });
  out.data({ source, settings, catalog }, () => [settings, catalog].join('\n'));
  if (catalogFile !== undefined && resolve(cwd, catalogFile) !== settings)
    out.warn(`Commands still use ${catalogFile}, because SWP_CATALOG or --catalog names it.`);
  const there = relative(cwd, directory);
  out.note(`\nAdd a model: ${there === '' ? '' : `cd ${there} && `}swp catalog add <owner/name>`);
  return EXIT.ok;
};
