import { sanitizeLine, plural } from '../../core/text.js';
import { addRows, NO_TOTALS } from '../../plan/campaign/campaign-totals.js';
import { reviewerText, shortDigest } from '../../plan/decision.js';
import { sortRows, rowText, totalsText } from '../../plan/render/campaign-markdown.js';
import type { Paint } from '../../plan/render/paint.js';
import type { CampaignEntry, ReadCampaign } from '../../temporal/read-campaign.js';

/** Formats the head of a campaign: its totals, plan, state and decisions. */
export const campaignHead = ({ id, plan, entries, decisions, status, isOpen, mistakes }: ReadCampaign, paint: Paint): string =>
  [
    `${paint.bold(`Campaign ${id}`)}: ${totalsText(addRows(NO_TOTALS, entries))}`,
    ...(mistakes === 0
      ? []
      : [paint.careful(`The catalog has ${plural(mistakes, 'mistake')}. Entries with a mistake are left out: swp catalog validate`)]),
    ...(plan === null ? [] : [`plan ${plan}`]),
    ...(isOpen ? [] : [`ended: ${status.toLowerCase()}`]),
    ...decisions.map(
      (decision) =>
        `${decision.verdict === 'approve' ? 'approved' : 'rejected'} by ${reviewerText(decision)}: accepted by ${decision.accepted} of ${decision.of} publishes`,
    ),
  ].join('\n');

/** Returns the cells of an entry in the table: entry, plan, planned change and stage. */
export const entryCells = (entry: CampaignEntry): string[] => [
  entry.entry,
  entry.plan === null ? '' : shortDigest(entry.plan),
  sanitizeLine(rowText(entry), 300),
  [entry.stage ?? '', entry.problem === null ? '' : sanitizeLine(entry.problem, 300)].filter((part) => part !== '').join(': '),
];

/** Returns all entries, those that need a decision first. */
export const orderedEntries = ({ entries }: ReadCampaign): CampaignEntry[] => {
  const byName = new Map(entries.map((entry) => [entry.entry, entry]));
  return sortRows(entries).flatMap(({ entry }) => byName.get(entry) ?? []);
};
