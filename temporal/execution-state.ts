import type { WorkflowExecutionInfo } from '@temporalio/client';
import { SwpStage } from '../contract/search-attributes.js';
import { standsAt } from '../contract/stages.js';

/** Where a publish stands, or how it ended. */
export interface ExecutionState {
  readonly stage: string;
  readonly ended: boolean;
}

/** Where a run stands, as the server knows it. */
export const executionState = ({
  status,
  typedSearchAttributes,
}: Pick<WorkflowExecutionInfo, 'status' | 'typedSearchAttributes'>): ExecutionState => ({
  stage: standsAt({ status: status.name, stage: typedSearchAttributes.get(SwpStage) ?? null }),
  ended: status.name !== 'RUNNING',
});
