import { z } from 'zod';
import type { CampaignRow } from './campaign-row.js';

/** The totals of a campaign. */
export const CampaignTotals = z.strictObject({
  changes: z.int(),
  unchanged: z.int(),
  blocked: z.int(),
  fetchBytes: z.number(),
  outputBytes: z.number(),
  /** The largest need of one entry. Entries that one host builds at the same time need more together. */
  diskBytes: z.number(),
});
export type CampaignTotals = z.infer<typeof CampaignTotals>;

export const NO_TOTALS: CampaignTotals = { changes: 0, unchanged: 0, blocked: 0, fetchBytes: 0, outputBytes: 0, diskBytes: 0 };

export const addRows = (totals: CampaignTotals, rows: readonly CampaignRow[]): CampaignTotals =>
  rows.reduce(
    (now, row) => ({
      ...now,
      [row.state]: now[row.state] + 1,
      fetchBytes: now.fetchBytes + row.fetchBytes,
      outputBytes: now.outputBytes + row.outputBytes,
      diskBytes: Math.max(now.diskBytes, row.diskBytes),
    }),
    totals,
  );
