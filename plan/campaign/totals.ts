import type { CampaignRow } from './row.js';

/** What a campaign amounts to. */
export interface CampaignTotals {
  readonly changes: number;
  readonly unchanged: number;
  readonly blocked: number;
  readonly fetchBytes: number;
  readonly outputBytes: number;
  /** Of the entry that wants most: entries are built one after another. */
  readonly diskBytes: number;
}

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
