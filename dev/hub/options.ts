import { z } from 'zod';
import type { Machine } from '../../core/machine.js';

/** A token of the local hub and the permissions of its bearer. */
export const TokenSpec = z.strictObject({
  token: z.string().regex(/^hf_\w+$/, 'must look like hf_…'),
  user: z.string().min(1),
  orgs: z.array(z.string().min(1)),
  role: z.enum(['read', 'write']),
  canCreate: z.boolean().optional(),
  /** Gated repositories outside the user's own namespaces whose content the bearer may read. */
  gatedAccess: z.array(z.string()).optional(),
});
export type TokenSpec = z.input<typeof TokenSpec>;

/** Requests per fixed window, per token. */
const RateLimit = z.strictObject({
  api: z.int().positive().default(100_000),
  resolvers: z.int().positive().default(100_000),
  windowSeconds: z.int().positive().default(300),
});

/** Lifetimes of signed addresses, in seconds; the defaults are the Hub's. */
const Lifetimes = z.strictObject({
  put: z.int().positive().default(900),
  part: z.int().positive().default(86_400),
  cdn: z.int().positive().default(3600),
});

/** The settings of a hub that can be serialized, so that they can also be passed in an argv. */
export const HubSettings = z.strictObject({
  directory: z.string().min(1),
  /** 0 selects any free port. */
  port: z.int().min(0).max(65_535).default(0),
  tokens: z.array(TokenSpec).default([]),
  /** Objects above this many bytes are offered as multipart, if the client offers that too. */
  multipartThreshold: z.int().nonnegative().default(16_000_000),
  /** Bytes per part. */
  chunkSize: z.int().positive().default(16_000_000),
  /** Rows per page of a tree or a commit list. */
  pageSize: z.int().positive().default(1000),
  rateLimit: RateLimit.prefault({}),
  lifetimes: Lifetimes.prefault({}),
  /**
   * True gives LFS objects Xet hashes, and lets `lfs-files/duplicate` copy them between repositories. A client with Xet uses
   * the Xet protocol to download files with a Xet hash. This hub does not serve that protocol: `hf_xet` then fails.
   */
  serverCopy: z.boolean().default(false),
  /** Bytes per second of all downloads together; unlimited if absent. */
  downloadRate: z.int().positive().optional(),
  /** Serves `/__dev__/` (scripted faults, the request log) to tests in another process. */
  devEndpoint: z.boolean().default(false),
});
export type HubSettings = z.infer<typeof HubSettings>;

export type LocalHubOptions = z.input<typeof HubSettings> & {
  /** With a clock of its own, a test lets signatures expire without waiting. */
  readonly machine?: Machine;
};
