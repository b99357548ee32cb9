import { Option, type Command } from 'commander';
import { ARTIFACT_KINDS } from '../core/artifact-kinds.js';
import type { CampaignOptions } from './commands/campaign.js';
import type { Execute } from './context.js';
import { DIGITS } from './option-values.js';

const AS = 'who decides; default: the Hub account of your token, else your login. A claim, not a proof';

/** The commands about many entries at once. */
export const declareCampaign = (program: Command, execute: Execute): void => {
  const campaign = program
    .command('campaign')
    .description('many entries with one plan and one decision: swp campaign --tier smoke, --all or --changed');
  campaign
    .command('start', { isDefault: true })
    .description("plan entries of the control worker's catalog, and start a publish for each that changes; the word start may be left out")
    .option('--tier <name>', 'the entries of a tier, as smoke')
    .option('--all', 'every entry')
    .option('--changed', 'every entry; plan those alone whose source, target or fields changed since their last publish')
    .addOption(new Option('--only <kind>', 'these artifacts alone').choices([...ARTIFACT_KINDS]))
    .option('--watch', 'stay until every publish has ended')
    .option('--as <name>', 'who starts it; default: the Hub account of your token, else your login. A claim, not a proof')
    .action((options: CampaignOptions) => execute(async (context) => (await import('./commands/campaign.js')).campaign(options, context)));
  campaign
    .command('show')
    .argument('[id]', 'default: the newest')
    .description('every entry of a campaign: what would happen, and where it stands')
    .action((id: string | undefined) => execute(async (context) => (await import('./commands/campaign.js')).campaignShow(id, context)));
  for (const verdict of ['approve', 'reject'] as const)
    campaign
      .command(verdict)
      .argument('<id>')
      .argument('[entries...]', 'default: all of them')
      .description(`${verdict} the plans of a campaign as they were shown`)
      .option('--plan <digest>', `of the campaign's plan, ${DIGITS}; without a terminal it must be given`)
      .option('--as <name>', AS)
      .option('--note <text>', 'kept with the decisions')
      .action((id: string, entries: readonly string[], options: { plan?: string; as?: string; note?: string }) =>
        execute(async (context) => (await import('./commands/campaign.js')).campaignDecide({ id, entries, verdict, ...options }, context)),
      );
};
