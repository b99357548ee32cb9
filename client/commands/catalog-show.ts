import { stringify } from 'yaml';
import { artifactsOf } from '../../catalog/artifacts.js';
import { findEntry } from '../../catalog/load.js';
import { openCatalog } from '../catalog.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { stripControls } from '../output/strip-controls.js';

export const catalogShow = async ({ entry: wanted }: { readonly entry: string }, context: Context): Promise<ExitCode> => {
  const { name, file, line, entry } = findEntry(await openCatalog(context), wanted);
  const artifacts = artifactsOf(entry);
  context.out.data({ name, file, line, entry, artifacts }, () =>
    [
      context.out.paint.bold(name),
      context.out.paint.dim(`${stripControls(file)}:${line}`),
      '',
      stripControls(stringify(entry)).trimEnd(),
      '',
      ...artifacts.map(
        ({ kind, source, target, revision }) => `${kind.padEnd(6)} ${source}${revision === undefined ? '' : `@${revision}`} -> ${target}`,
      ),
    ].join('\n'),
  );
  return EXIT.ok;
};
