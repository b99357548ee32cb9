import type { Digest } from '../../core/ids.js';
import { digestOf } from '../../core/digests.js';
import type { CampaignItem } from './campaign-decision.js';

/** Digest of a campaign's plan: the list of its entries, in the order of their names, each with its plan's digest. */
export const campaignDigest = (items: readonly CampaignItem[]): Digest =>
  digestOf(items.map(({ entry, plan }) => ({ entry, plan })).toSorted((a, b) => (a.entry < b.entry ? -1 : 1)));
