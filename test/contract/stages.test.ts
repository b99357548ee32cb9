import { describe, expect, it } from 'vitest';
import { executionStage, isOpenStatus } from '../../contract/stages.js';

describe('the stage of a workflow', () => {
  it.each([
    ['RUNNING', 'uploading', 'uploading'],
    ['RUNNING', null, 'running'],
    // A person can pause a workflow in Temporal itself; it is at its stage all the same.
    ['PAUSED', 'uploading', 'uploading'],
    ['COMPLETED', 'published', 'published'],
    // A terminated workflow keeps the stage that it had.
    ['TERMINATED', 'uploading', 'terminated'],
    ['CANCELLED', null, 'cancelled'],
  ])('with status %s and attribute %s is %s', (status, stage, shown) => {
    expect(executionStage({ status, stage })).toBe(shown);
  });
});

it.each([
  ['RUNNING', true],
  ['PAUSED', true],
  ['COMPLETED', false],
  ['CONTINUED_AS_NEW', false],
])('a workflow with status %s: open is %s', (status, isOpen) => {
  expect(isOpenStatus(status)).toBe(isOpen);
});
