import { TypedSearchAttributes } from '@temporalio/common';
import { expect, it } from 'vitest';
import { SwpStage } from '../../../contract/search-attributes.js';
import { executionState } from '../../../temporal/execution-state.js';

type Status = Parameters<typeof executionState>[0]['status']['name'];
const stateOf = (name: Status, stage?: string) =>
  executionState({
    status: { name } as Parameters<typeof executionState>[0]['status'],
    typedSearchAttributes: new TypedSearchAttributes(stage === undefined ? [] : [{ key: SwpStage, value: stage }]),
  });

it.each<[Status, string | undefined, string, boolean]>([
  ['RUNNING', 'awaiting-approval', 'awaiting-approval', false],
  ['RUNNING', undefined, 'running', false],
  ['COMPLETED', 'published', 'published', true],
  ['FAILED', 'failed', 'failed', true],
  ['CANCELLED', 'abandoned', 'abandoned', true],
  ['TERMINATED', 'awaiting-approval', 'terminated', true],
  ['TIMED_OUT', 'building', 'timed_out', true],
  ['COMPLETED', undefined, 'completed', true],
])('a run with status %s and stage %s is shown as %s', (status, stage, expected, ended) => {
  expect(stateOf(status, stage)).toEqual({ stage: expected, ended });
});
