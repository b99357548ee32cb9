import type { LocalHubOptions } from '../../dev/hub/index.js';
import type { ApprovalPolicy } from '../../plan/approval.js';

export interface TestEnvironmentOptions {
  readonly decideWithinMs?: number;
  readonly approvals?: ApprovalPolicy;
  /** See `SWP_PROVE_SHARDS`. */
  readonly proveShards?: number;
  /** Accounts whose commits are expected. */
  readonly publishers?: readonly string[];
  /** Receives the notifications of the control worker. */
  readonly webhook?: string;
  /** Path of the larql that the high-memory worker uses, real or stand-in; without it the worker has none. */
  readonly larql?: string;
  /** False: the test runs workers of its own. */
  readonly workers?: boolean;
  readonly hub?: Pick<LocalHubOptions, 'multipartThreshold' | 'chunkSize' | 'serverCopy'>;
}
