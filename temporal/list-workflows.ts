import type { WorkflowExecutionInfo } from '@temporalio/client';
import type { TemporalClient } from './connect-client.js';
import { MEMO_KEY } from '../contract/memo.js';
import { WORKFLOW_MEMO } from './memo-schemas.js';
import { SwpEntry, SwpPlan, SwpStage } from '../contract/search-attributes.js';

/** Page size. It limits the memory for a list of any length; a smaller page costs the server as much. */
const PAGE = 500;

/** A workflow in the server's list, which may lag a moment behind. Listing needs no worker. */
export interface Listed {
  readonly entry: string;
  /** `publish/…`, or `target/…` for one artifact of it. */
  readonly workflow: string;
  readonly run: string;
  readonly status: string;
  readonly stage: string | null;
  readonly plan: string | null;
  readonly startedAt: Date;
  readonly closedAt: Date | null;
  /** The time when it entered its stage, or ended. */
  readonly since: Date;
}

const sinceOf = ({ memo, startTime }: WorkflowExecutionInfo): Date => {
  const state = WORKFLOW_MEMO.safeParse(memo?.[MEMO_KEY]).data;
  return state === undefined ? startTime : new Date(state.since);
};

const listed = (found: WorkflowExecutionInfo): Listed => ({
  entry: found.typedSearchAttributes.get(SwpEntry) ?? '',
  workflow: found.workflowId,
  run: found.runId,
  status: found.status.name,
  stage: found.typedSearchAttributes.get(SwpStage) ?? null,
  plan: found.typedSearchAttributes.get(SwpPlan) ?? null,
  startedAt: found.startTime,
  closedAt: found.closeTime ?? null,
  since: found.closeTime ?? sinceOf(found),
});

/** Yields the workflows that match a query of Temporal's list, in pages, newest start first. */
export async function* listPages({ client }: TemporalClient, query: string): AsyncGenerator<readonly Listed[]> {
  let page: Listed[] = [];
  for await (const found of client.workflow.list({ query, pageSize: PAGE })) {
    page.push(listed(found));
    if (page.length < PAGE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

/** Matches workflows that have not closed, also those that a person paused in Temporal itself. */
export const OPEN = 'CloseTime IS NULL';

/** Matches open publishes and the workflows of their targets. */
export const OPEN_PUBLISHES = `${OPEN} AND WorkflowType IN ('publishEntry', 'publishArtifact')`;
