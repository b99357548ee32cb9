import { sourceDefaults } from '../../catalog/source-defaults.js';
import type { Catalog } from '../../catalog/load.js';
import { FOXLIGHT } from '../../catalog/settings-file.js';
import { SwpError } from '../../core/error.js';
import { faultOf } from '../../core/faults.js';
import { RepoId } from '../../core/ids.js';
import type { Context } from '../context.js';
import { askText, choose, mayPrompt } from '../prompt.js';

/** Returns the source for a new entry: the given one, the only one, or the one that the user chooses. */
export const sourceOf = async (catalog: Catalog, given: string | undefined, context: Context): Promise<string> => {
  if (given !== undefined) return given;
  const own = catalog.sources.map(({ name }) => name).filter((name) => name !== FOXLIGHT);
  const [only] = own;
  if (only === undefined)
    throw new SwpError(
      'usage',
      'client/no-catalog-source',
      'You have no catalog of your own to add to, and the built-in one cannot be changed.',
      {
        hint: 'Create one: swp catalog init',
      },
    );
  if (own.length === 1) return only;
  if (mayPrompt(context)) return choose('Which source gets the entry?', own, context.signal);
  throw new SwpError('usage', 'client/which-source', `The catalog has several sources of your own: ${own.join(', ')}.`, {
    hint: 'Choose one: --source <name>',
  });
};

/** Returns the problem of the owner part of a repository's name, if it has one. */
const namespaceFault = (name: string): string | undefined => faultOf(RepoId, `${name}/x`);

/** Returns the owner of the targets: the given one, that of the other entries, or the user's answer; without a terminal, the name of the source. */
export const namespaceOf = async (catalog: Catalog, source: string, given: string | undefined, context: Context): Promise<string> => {
  const known = given ?? sourceDefaults(catalog, source).namespace;
  if (known === undefined && mayPrompt(context))
    return askText('Owner of the target repositories on the Hub?', { proposal: source, fault: namespaceFault, signal: context.signal });
  const namespace = known ?? source;
  const fault = namespaceFault(namespace);
  if (fault === undefined) return namespace;
  throw new SwpError(
    'usage',
    'client/bad-namespace',
    `--namespace ${namespace} cannot be an owner on the Hub: a repository name with it ${fault}.`,
  );
};
