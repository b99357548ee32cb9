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
    throw new SwpError('usage', 'client/source-needed', 'Without a terminal to ask on, catalog init takes the name of your source.', {
      hint: 'Most take the name of their organisation on the Hub: swp catalog init --source acme',
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

/** Makes a catalog to add to, where there is none. */
export const catalogInit = async (
  { source: given, directory: asked = '.' }: { readonly source?: string; readonly directory?: string },
  context: Context,
): Promise<ExitCode> => {
  const { out, cwd, catalogFile } = context;
  const directory = resolve(cwd, asked);
  const source = await nameOf(given, directory, context);
  const { settings, catalog } = await createStarter(directory, source);
  // What was written is read as every command will read it.
  await loadCatalog({ cwd: directory, file: settings });
  out.data({ source, settings, catalog }, () => [settings, catalog].join('\n'));
  if (catalogFile !== undefined && resolve(cwd, catalogFile) !== settings)
    out.warn(`Commands go on to use ${catalogFile}, as SWP_CATALOG or --catalog says.`);
  const there = relative(cwd, directory);
  out.note(`\nAdd a model: ${there === '' ? '' : `cd ${there} && `}swp catalog add <owner/name>`);
  return EXIT.ok;
};
