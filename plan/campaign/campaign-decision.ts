import { z } from 'zod';
import { faultText, parseOrFaults } from '../../core/faults.js';
import { Digest } from '../../core/ids.js';
import { sanitizeLine, truncateList } from '../../core/text.js';
import { EntryName } from '../../catalog/entry-name.js';
import { DecisionMessage } from '../decision.js';

/** An entry that a campaign publishes, with the plan that the campaign showed. */
export const CampaignItem = z.strictObject({ entry: EntryName, plan: Digest });
export type CampaignItem = z.infer<typeof CampaignItem>;

/** A person's decision: as for a plan, with the digest of the campaign's plan, and with entries if it is not for all. */
export const CampaignDecision = DecisionMessage.extend({ entries: z.array(EntryName).max(10_000).optional() });
export type CampaignDecision = z.infer<typeof CampaignDecision>;

export const parseCampaignDecision = (input: unknown): CampaignDecision | { readonly fault: string } => {
  const parsed = parseOrFaults(CampaignDecision, input, () => Object.keys(CampaignDecision.shape));
  if ('data' in parsed) return parsed.data;
  const faults = parsed.faults.map((fault) => sanitizeLine(faultText(fault, 'message'), 120));
  return { fault: `Not a decision: ${faults.slice(0, 4).join('; ')}.` };
};

/** Returns a sentence about names in a decision that are not entries of the campaign; null if there are none. */
export const unknownEntries = ({ entries = [] }: CampaignDecision, items: readonly CampaignItem[]): string | null => {
  const known = new Set(items.map(({ entry }) => entry));
  const unknown = entries.filter((entry) => !known.has(entry));
  return unknown.length === 0 ? null : `The campaign does not publish ${truncateList(unknown)}. Name only entries of the campaign.`;
};
