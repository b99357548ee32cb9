import { Option, type Command } from 'commander';
import { ARTIFACT_KINDS } from '../core/artifact-kinds.js';
import type { AddOptions } from './commands/catalog-add.js';
import type { FindOptions } from './commands/catalog-find.js';
import type { Execute } from './context.js';
import { collect, wholeNumber } from './option-values.js';

const MAX_FOUND = 500;

/** What the Hub can order models by. */
const SORTS = ['downloads', 'likes', 'trendingScore', 'lastModified', 'createdAt'] as const satisfies readonly FindOptions['sort'][];

/** The commands that make and change catalogs. */
export const declareCatalogEditing = (catalog: Command, execute: Execute): void => {
  catalog
    .command('init')
    .argument('[directory]', 'where; default: here')
    .description('make a catalog of your own, with comments, and nothing in it yet')
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
    .option('--source <name>', 'which of your sources it goes to')
    .option('--namespace <owner>', 'owner of the target repositories; default: that of your other entries')
    .option('--key <key>', 'short name of the entry')
    .addOption(new Option('--only <kind>', 'this artifact alone').choices([...ARTIFACT_KINDS]))
    .addOption(new Option('--quant <quant>', 'of the vindex; default: q4k where larql can').choices(['q4k', 'none']))
    .addOption(new Option('--slice <slice>', 'of the vindex; default: full').choices(['full', 'expert-server']))
    .option('--tier <tier>', 'group of the entry; default: smoke, or moe for experts')
    .addOption(new Option('--names <which>', 'whose tensor names a sidecar has; default: skulk').choices(['skulk', 'source']))
    .option('--mtp-from <repo>', 'the checkpoint that has the heads')
    .option('--assistant <repo>', 'the companion drafter to point to')
    .option('--vision-source <repo>', "the repository of the model's vision encoder")
    .option('--collection <slug or title>', 'where the main target is filed')
    .option('--private', 'create absent targets private')
    .option('--set <field=value>', 'any other field; repeatable', collect)
    .option('--yes', 'add it without asking')
    .option('--dry-run', 'print the entry and write nothing')
    .action((model: string, options: Omit<AddOptions, 'model'>) =>
      execute(async (context) => (await import('./commands/catalog-add.js')).catalogAdd({ model, ...options }, context)),
    );
  catalog
    .command('find')
    .argument('[query]', "words of the model's name")
    .description('models of the Hub that look publishable and that your catalog does not have')
    .option('--author <owner>', 'of this user or organisation alone')
    .addOption(new Option('--sort <by>', 'the highest first').choices(SORTS).default('downloads'))
    .option('--limit <n>', 'so many at most', wholeNumber(1, MAX_FOUND), 20)
    .option('--all', 'list what is no candidate too, and why')
    .action((query: string | undefined, options: Omit<FindOptions, 'query'>) =>
      execute(async (context) =>
        (await import('./commands/catalog-find.js')).catalogFind({ ...(query === undefined ? {} : { query }), ...options }, context),
      ),
    );
};
