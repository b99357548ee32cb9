import type { Digest } from '../../core/ids.js';
import { digestOf } from '../../core/digests.js';
import type { CampaignItem } from './campaign-decision.js';

/** Returns the digest of a campaign's plan: the list of its entries, sorted by name, each with the digest of its plan. */
export const campaignDigest = (items: readonly CampaignItem[]): Digest =>
  digestOf(items.map(({ entry, plan }) => ({ entry, plan })).toSorted((a, b) => (a.entry < b.entry ? -1 : 1)));
