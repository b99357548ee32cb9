import { Option, type Command } from 'commander';
import { ARTIFACT_KINDS } from '../core/artifact-kinds.js';
import type { AddOptions } from './commands/catalog-add.js';
import type { FindOptions } from './commands/catalog-find.js';
import type { Execute } from './context.js';
import { collect, wholeNumber } from './option-values.js';

const MAX_FOUND = 500;

/** Fields by which the Hub can sort models. */
const SORTS = ['downloads', 'likes', 'trendingScore', 'lastModified', 'createdAt'] as const satisfies readonly FindOptions['sort'][];

/** Declares the commands that create and change catalogs. */
export const declareCatalogEditing = (catalog: Command, execute: Execute): void => {
  catalog
    .command('init')
    .argument('[directory]', 'directory for the catalog; default: the current directory')
    .description('create an empty catalog of your own, with explanatory comments')
    .option('--source <name>', 'name of your source: its entries are called name/key')
    .action((directory: string | undefined, options: { source?: string }) =>
      execute(async (context) =>
        (await import('./commands/catalog-init.js')).catalogInit(
          { ...(directory === undefined ? {} : { directory }), ...options },
          context,
        ),
      ),
    );
  catalog
    .command('add')
    .argument('<model>', 'owner/name on the Hub; with @revision, its sources are pinned to that commit')
    .description('propose an entry for a model, from its config and headers, and add it to your catalog')
    .option('--source <name>', 'your source to add the entry to')
    .option('--namespace <owner>', 'owner of the target repositories; default: the owner in your other entries')
    .option('--key <key>', 'short name of the entry')
    .addOption(new Option('--only <kind>', 'propose only this artifact').choices([...ARTIFACT_KINDS]))
    .addOption(new Option('--quant <quant>', 'quantisation of the vindex; default: q4k if larql supports it').choices(['q4k', 'none']))
    .addOption(new Option('--slice <slice>', 'slice of the vindex; default: full').choices(['full', 'expert-server']))
    .option('--tier <tier>', 'tier of the entry; default: smoke, or moe for mixture-of-experts models')
    .addOption(new Option('--names <which>', 'tensor naming scheme of a sidecar; default: skulk').choices(['skulk', 'source']))
    .option('--mtp-from <repo>', 'the checkpoint that contains the MTP heads')
    .option('--assistant <repo>', 'the repository of the companion drafter, to reference in the entry')
    .option('--vision-source <repo>', "the repository of the model's vision encoder")
    .option('--collection <slug or title>', 'Hub collection that gets the main target')
    .option('--private', 'create target repositories that do not exist as private')
    .option('--set <field=value>', 'set any other field of the entry; repeatable', collect)
    .option('--yes', 'add it without asking')
    .option('--dry-run', 'print the entry and write nothing')
    .action((model: string, options: Omit<AddOptions, 'model'>) =>
      execute(async (context) => (await import('./commands/catalog-add.js')).catalogAdd({ model, ...options }, context)),
    );
  catalog
    .command('find')
    .argument('[query]', 'words to search for in model names')
    .description('find models on the Hub that look publishable and are not in your catalog')
    .option('--author <owner>', 'only models of this user or organisation')
    .addOption(new Option('--sort <by>', 'sort by this field, highest first').choices(SORTS).default('downloads'))
    .option('--limit <n>', 'show at most n models', wholeNumber(1, MAX_FOUND), 20)
    .option('--all', 'also list models that are not candidates, with the reason')
    .action((query: string | undefined, options: Omit<FindOptions, 'query'>) =>
      execute(async (context) =>
        (await import('./commands/catalog-find.js')).catalogFind({ ...(query === undefined ? {} : { query }), ...options }, context),
      ),
    );
};
