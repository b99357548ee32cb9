import { asyncLocalStorage } from '@temporalio/activity';
import { beforeEach, expect, it } from 'vitest';
import { SwpError } from '../../../core/error.js';
import { notifyLongFailures } from '../../../worker/observe/notify-long-failures.js';

const HOUR = 3_600_000;
const ERROR = new SwpError('unavailable', 'hub/unavailable', 'PUT https://host/x: 503');

let texts: string[];
let now: number;
let onRetry: ReturnType<typeof notifyLongFailures>;
beforeEach(() => {
  texts = [];
  now = 0;
  onRetry = notifyLongFailures({ postInBackground: (text) => void texts.push(text) }, () => now);
});
const retried = (failingMs: number, workflowId = 'target/acme/x', activityType = 'uploadArtifact'): void =>
  asyncLocalStorage.run({ info: { workflowExecution: { workflowId }, activityType } } as never, () => onRetry(ERROR, 60_000, failingMs));

it('sends no text about failures that last less than an hour', () => {
  retried(0);
  retried(HOUR - 1);
  expect(texts).toEqual([]);
});

it('sends one text a day about a step that has failed for an hour, whatever its number of failed calls', () => {
  for (let at = 0; at < 16; at += 1) retried(HOUR + at);
  expect(texts).toEqual([
    'uploadArtifact of target/acme/x has been failing at the Hub for 1 h: PUT https://host/x: 503\nSWP keeps retrying. Details: swp status',
  ]);
  now += 23 * HOUR;
  retried(24 * HOUR);
  expect(texts).toHaveLength(1);
  now += HOUR;
  retried(25 * HOUR);
  expect(texts).toHaveLength(2);
});

it('sends a separate text for each step of each publish', () => {
  retried(HOUR);
  retried(HOUR, 'target/acme/y');
  retried(HOUR, 'target/acme/x', 'commitArtifact');
  expect(texts).toHaveLength(3);
});
