import { proxySinks, workflowInfo, type Sinks } from '@temporalio/workflow';
import type { CommitSha, Digest } from '../core/ids.js';
import type { CampaignTotals } from '../plan/campaign/totals.js';
import type { FleetFinding } from '../plan/findings/finding.js';
import type { Trouble } from './messages.js';
import type { Revalidation } from './names.js';

/** Something that a person may want to be told of at once. */
export type Notice =
  | { readonly what: 'awaiting-approval'; readonly entry: string; readonly plan: Digest }
  | { readonly what: 'awaiting-release'; readonly entry: string; readonly target: string; readonly manifest: Digest }
  | { readonly what: 'needs-attention'; readonly entry: string; readonly workflow: string; readonly trouble: Trouble }
  | { readonly what: 'published'; readonly entry: string; readonly target: string; readonly commit: CommitSha }
  | { readonly what: 'findings'; readonly which: Revalidation; readonly attention: number; readonly first: readonly FleetFinding[] }
  | { readonly what: 'campaign'; readonly id: string; readonly plan: Digest; readonly totals: CampaignTotals }
  | { readonly what: 'campaign-failed'; readonly id: string; readonly reason: string }
  | { readonly what: 'revalidation-failed'; readonly which: Revalidation; readonly reason: string };

/** What a worker does with them is its own matter: nothing waits for it, and no history knows of it. */
export interface NoticeSinks extends Sinks {
  readonly notices: { notice(notice: Notice): void };
}

export const { notices } = proxySinks<NoticeSinks>();

/** Tells that this workflow stands still until somebody answers. */
export const tellParked = (entry: string, trouble: Trouble): void =>
  notices.notice({ what: 'needs-attention', entry, workflow: workflowInfo().workflowId, trouble });
