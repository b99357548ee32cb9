import { Option, type Command } from 'commander';
import { ARTIFACT_KINDS } from '../core/artifact-kinds.js';
import type { CampaignOptions } from './commands/campaign.js';
import type { Execute } from './context.js';
import { DIGITS } from './option-values.js';

const AS = 'name of the person who decides (not verified); default: the Hub account of your token, else your login';

/** Declares the commands that publish many entries together. */
export const declareCampaign = (program: Command, execute: Execute): void => {
  const campaign = program
    .command('campaign')
    .description('publish many entries with one plan and one decision: swp campaign --tier smoke, --all or --changed');
  campaign
    .command('start', { isDefault: true })
    .description("plan entries of the control worker's catalog, and start a publish for each that changes; the word start is optional")
    .option('--tier <name>', 'all entries of a tier, for example smoke')
    .option('--all', 'every entry')
    .option('--changed', 'every entry, but plan only those whose source, target or fields changed since their last publish')
    .addOption(new Option('--only <kind>', 'publish only artifacts of this kind').choices([...ARTIFACT_KINDS]))
    .option('--watch', 'wait until every publish has ended; without a terminal, also return when all that remain are paused')
    .option('--as <name>', 'name of the person who starts it (not verified); default: the Hub account of your token, else your login')
    .action((options: CampaignOptions) => execute(async (context) => (await import('./commands/campaign.js')).campaign(options, context)));
  campaign
    .command('show')
    .argument('[id]', 'default: the newest campaign')
    .description('show every entry of a campaign, with its planned change and its stage')
    .action((id: string | undefined) => execute(async (context) => (await import('./commands/campaign.js')).campaignShow(id, context)));
  for (const verdict of ['approve', 'reject'] as const)
    campaign
      .command(verdict)
      .argument('<id>')
      .argument('[entries...]', 'default: all entries of the campaign')
      .description(`${verdict} the plans of a campaign as they were shown`)
      .option('--plan <digest>', `digest of the campaign's plan, ${DIGITS}; required without a terminal`)
      .option('--as <name>', AS)
      .option('--note <text>', 'comment to record with the decisions')
      .action((id: string, entries: readonly string[], options: { plan?: string; as?: string; note?: string }) =>
        execute(async (context) => (await import('./commands/campaign.js')).campaignDecide({ id, entries, verdict, ...options }, context)),
      );
};
