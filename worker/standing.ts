import type { WorkflowExecutionInfo } from '@temporalio/client';
import { SwpStage } from '../workflows/search-attributes.js';
import { standsAt } from '../workflows/stages.js';

/** Where a publish stands, or how it ended. */
export interface Standing {
  readonly stage: string;
  readonly ended: boolean;
}

/** Where a run stands, as the server knows it. */
export const standing = ({ status, typedSearchAttributes }: Pick<WorkflowExecutionInfo, 'status' | 'typedSearchAttributes'>): Standing => ({
  stage: standsAt({ status: status.name, stage: typedSearchAttributes.get(SwpStage) ?? null }),
  ended: status.name !== 'RUNNING',
});
