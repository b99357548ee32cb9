import { sourceDefaults } from '../../catalog/source-defaults.js';
import type { Catalog } from '../../catalog/load.js';
import { FOXLIGHT } from '../../catalog/settings-file.js';
import { SwpError } from '../../core/error.js';
import { faultOf } from '../../core/faults.js';
import { RepoId } from '../../core/ids.js';
import type { Context } from '../context.js';
import { askText, choose, mayPrompt } from '../prompt.js';

/** The source that an entry goes to: the one that was named, the only one, or the one that is chosen. */
export const sourceOf = async (catalog: Catalog, given: string | undefined, context: Context): Promise<string> => {
  if (given !== undefined) return given;
  const own = catalog.sources.map(({ name }) => name).filter((name) => name !== FOXLIGHT);
  const [only] = own;
  if (only === undefined)
    throw new SwpError('usage', 'client/no-catalog-source', 'There is no catalog of yours to add to: the built-in entries are fixed.', {
      hint: 'Make one: swp catalog init',
    });
  if (own.length === 1) return only;
  if (mayPrompt(context)) return choose('To which source of the catalog?', own, context.signal);
  throw new SwpError('usage', 'client/which-source', `The catalog has several sources: ${own.join(', ')}.`, {
    hint: 'Say which: --source <name>',
  });
};

/** What is wrong with the owner part of a repository's name. */
const namespaceFault = (name: string): string | undefined => faultOf(RepoId, `${name}/x`);

/** Who owns the targets: who was named, who owns those of the other entries, or who is said to; without a terminal, the name of the source. */
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
    `--namespace ${namespace} is no owner on the Hub: with a name behind it, it ${fault}.`,
  );
};
