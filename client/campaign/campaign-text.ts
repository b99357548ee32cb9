import { sanitizeLine, plural } from '../../core/text.js';
import { addRows, NO_TOTALS } from '../../plan/campaign/campaign-totals.js';
import { reviewerText, shortDigest } from '../../plan/decision.js';
import { sortRows, rowText, totalsText } from '../../plan/render/campaign-markdown.js';
import type { Paint } from '../../plan/render/paint.js';
import type { CampaignEntry, ReadCampaign } from './read-campaign.js';

/** What a campaign is about, in a few lines. */
export const campaignHead = ({ id, plan, entries, decisions, status, mistakes }: ReadCampaign, paint: Paint): string =>
  [
    `${paint.bold(`Campaign ${id}`)}: ${totalsText(addRows(NO_TOTALS, entries))}`,
    ...(mistakes === 0
      ? []
      : [paint.careful(`The catalog has ${plural(mistakes, 'mistake')}: entries with one are left out. swp catalog validate`)]),
    ...(plan === null ? [] : [`plan ${plan}`]),
    ...(status === 'RUNNING' ? [] : [`ended: ${status.toLowerCase()}`]),
    ...decisions.map(
      (decision) =>
        `${decision.verdict === 'approve' ? 'approved' : 'rejected'} by ${reviewerText(decision)}: ${decision.taken} of ${decision.of} took it`,
    ),
  ].join('\n');

/** The cells of its table: entry, plan, what would happen, and where that stands. */
export const entryCells = (entry: CampaignEntry): string[] => [
  entry.entry,
  entry.plan === null ? '' : shortDigest(entry.plan),
  sanitizeLine(rowText(entry), 300),
  [entry.stage ?? '', entry.trouble === null ? '' : sanitizeLine(entry.trouble, 300)].filter((part) => part !== '').join(': '),
];

/** All entries, those first that are to be judged. */
export const orderedEntries = ({ entries }: ReadCampaign): CampaignEntry[] => {
  const byName = new Map(entries.map((entry) => [entry.entry, entry]));
  return sortRows(entries).flatMap(({ entry }) => byName.get(entry) ?? []);
};
