import type { WorkflowExecutionInfo } from '@temporalio/client';
import { SwpStage } from '../contract/search-attributes.js';
import { executionStage, isOpenStatus } from '../contract/stages.js';

/** The current or final state of a publish. */
export interface ExecutionState {
  readonly stage: string;
  readonly ended: boolean;
}

/** Returns the state of a run, as the server knows it. */
export const executionState = ({
  status,
  typedSearchAttributes,
}: Pick<WorkflowExecutionInfo, 'status' | 'typedSearchAttributes'>): ExecutionState => ({
  stage: executionStage({ status: status.name, stage: typedSearchAttributes.get(SwpStage) ?? null }),
  ended: !isOpenStatus(status.name),
});
