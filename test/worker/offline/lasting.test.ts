import { asyncLocalStorage } from '@temporalio/activity';
import { beforeEach, expect, it } from 'vitest';
import { SwpError } from '../../../core/error.js';
import { tellLasting } from '../../../worker/observe/lasting.js';

const HOUR = 3_600_000;
const ERROR = new SwpError('unavailable', 'hub/unavailable', 'PUT https://host/x: 503');

let said: string[];
let now: number;
let onRetry: ReturnType<typeof tellLasting>;
beforeEach(() => {
  said = [];
  now = 0;
  onRetry = tellLasting({ say: (text) => void said.push(text) }, () => now);
});
const retried = (failingMs: number, workflowId = 'target/acme/x', activityType = 'uploadArtifact'): void =>
  asyncLocalStorage.run({ info: { workflowExecution: { workflowId }, activityType } } as never, () => onRetry(ERROR, 60_000, failingMs));

it('nobody is told of what passes within the hour', () => {
  retried(0);
  retried(HOUR - 1);
  expect(said).toEqual([]);
});

it('what has failed for an hour is told once a day, whatever number of calls say it', () => {
  for (let at = 0; at < 16; at += 1) retried(HOUR + at);
  expect(said).toEqual([
    'uploadArtifact of target/acme/x has failed at the Hub for 1 h: PUT https://host/x: 503\nIt is tried again for as long as it takes. Look: swp status',
  ]);
  now += 23 * HOUR;
  retried(24 * HOUR);
  expect(said).toHaveLength(1);
  now += HOUR;
  retried(25 * HOUR);
  expect(said).toHaveLength(2);
});

it('each step of each publish is told by itself', () => {
  retried(HOUR);
  retried(HOUR, 'target/acme/y');
  retried(HOUR, 'target/acme/x', 'commitArtifact');
  expect(said).toHaveLength(3);
});
