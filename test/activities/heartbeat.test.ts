import { asyncLocalStorage } from '@temporalio/activity';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { withRetryReporting, withHeartbeat } from '../../activities/heartbeat.js';
import { THIS_MACHINE } from '../../core/this-machine.js';
import type { ReportProgress } from '../../publish/progress.js';
import { SwpError } from '../../core/error.js';
import { openHub, type Hub } from '../../hub/hub.js';

const HOUR = 3_600_000;
const ERROR = new SwpError('unavailable', 'hub/unavailable', 'PUT https://host/x: 503');

let beats: {
  readonly doneBytes?: number;
  readonly note?: string;
  readonly failing?: { readonly since: string; readonly reason: string };
}[];
beforeEach(() => {
  vi.useFakeTimers();
  beats = [];
});
afterEach(() => vi.useRealTimers());

const beat = () => {
  vi.advanceTimersByTime(2_000);
  return beats.at(-1)!;
};
const running = (run: (hub: Hub, report: ReportProgress) => void, base: Partial<Hub> = {}): Promise<void> => {
  const context = {
    cancellationSignal: new AbortController().signal,
    heartbeat: (details: (typeof beats)[number]) => void beats.push(details),
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined },
  };
  return asyncLocalStorage.run(context as never, () =>
    withHeartbeat('uploading', (_signal, report) => {
      run(withRetryReporting({ ...openHub({ endpoint: new URL('https://hub') }, THIS_MACHINE), ...base }, report), report);
      return Promise.resolve();
    }),
  );
};

it('reports a short failure as a note until bytes move again', () =>
  running((hub, report) => {
    hub.onRetry?.(ERROR, 4_000, 0);
    expect(beat()).toMatchObject({ note: 'retrying in 4 s: PUT https://host/x: 503' });
    expect(beat()).not.toHaveProperty('failing');
    report({ doneBytes: 1 });
    expect(beat()).not.toHaveProperty('note');
  }));

it('reports a lasting failure with its start and reason while other bytes move', () =>
  running((hub, report) => {
    vi.setSystemTime(new Date('2026-11-30T12:00:00Z'));
    hub.onRetry?.(ERROR, 60_000, 2 * HOUR);
    report({ doneBytes: 7 });
    expect(beat()).toMatchObject({ doneBytes: 7, failing: { since: '2026-11-30T10:00:00.000Z', reason: 'PUT https://host/x: 503' } });
    hub.onRetry?.(ERROR, 60_000, 0);
    expect(beat()).toHaveProperty('failing');
  }));

it('drops a lasting failure that does not recur for 20 minutes', () =>
  running((hub, report) => {
    hub.onRetry?.(ERROR, 60_000, 2 * HOUR);
    report({ doneBytes: 7 });
    vi.advanceTimersByTime(20 * 60_000);
    expect(beat()).not.toHaveProperty('failing');
  }));

it('still calls the onRetry of the given config', () => {
  const onRetry = vi.fn();
  return running((hub) => hub.onRetry?.(ERROR, 1, 2), { onRetry }).then(() => expect(onRetry).toHaveBeenCalledWith(ERROR, 1, 2));
});
