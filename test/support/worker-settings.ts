import { Secret } from '../../core/secret.js';
import { ONE_APPROVAL } from '../../plan/approval.js';
import type { WorkerSettings } from '../../settings/settings.js';
import type { TestEnvironmentOptions } from './test-environment-options.js';

/** Settings of the workers that a test environment runs in its own process. */
export const workerSettings = (
  own: Pick<WorkerSettings, 'scratch' | 'catalogFile' | 'taskQueue'>,
  { decideWithinMs = 3_600_000, approvals = ONE_APPROVAL, proveShards = 1.5, publishers, webhook }: TestEnvironmentOptions,
): WorkerSettings => ({
  ...own,
  targets: ['acme'],
  sourceToken: null,
  slots: 2,
  decideWithinMs,
  approvals,
  proveShards,
  publishers: publishers ?? null,
  uploadRate: null,
  keepMs: 3_600_000,
  larql: { fleetBlocks: 'early', allowStandIn: true },
  webhook: webhook === undefined ? null : new Secret(webhook),
});
