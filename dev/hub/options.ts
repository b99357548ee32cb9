import { z } from 'zod';

/** A token of the local hub and what its bearer may do. */
export const TokenSpec = z.strictObject({
  token: z.string().regex(/^hf_\w+$/, 'must look like hf_…'),
  user: z.string().min(1),
  orgs: z.array(z.string().min(1)),
  role: z.enum(['read', 'write']),
  canCreate: z.boolean().optional(),
  /** Gated repositories outside of the user's own namespaces whose content may be read. */
  gatedAccess: z.array(z.string()).optional(),
});
export type TokenSpec = z.input<typeof TokenSpec>;

/** Requests per fixed window, per token. */
const RateLimit = z.strictObject({
  api: z.int().positive().default(100_000),
  resolvers: z.int().positive().default(100_000),
  windowSeconds: z.int().positive().default(300),
});

/** How long signed addresses live, in seconds; the defaults are the Hub's. */
const Lifetimes = z.strictObject({
  put: z.int().positive().default(900),
  part: z.int().positive().default(86_400),
  cdn: z.int().positive().default(3600),
});

/** Everything about a hub that can be written down, so that it also travels in an argv. */
export const HubSettings = z.strictObject({
  directory: z.string().min(1),
  /** 0 takes any free port. */
  port: z.int().min(0).max(65_535).default(0),
  tokens: z.array(TokenSpec).default([]),
  /** Objects above this many bytes are offered as multipart, where the client offers that too. */
  multipartThreshold: z.int().nonnegative().default(16_000_000),
  /** Bytes per part. */
  chunkSize: z.int().positive().default(16_000_000),
  /** Rows per page of a tree or a commit list. */
  pageSize: z.int().positive().default(1000),
  rateLimit: RateLimit.prefault({}),
  lifetimes: Lifetimes.prefault({}),
  /**
   * Whether LFS objects have Xet hashes and can be copied between repositories by `lfs-files/duplicate`. A client with Xet
   * downloads what has a Xet hash by that protocol, which this hub does not serve: `hf_xet` then fails.
   */
  serverCopy: z.boolean().default(false),
  /** Bytes that all downloads together get in a second; as fast as it goes when left out. */
  downloadRate: z.int().positive().optional(),
  /** Serves `/__dev__/` (scripted faults, the request log) to tests in another process. */
  devEndpoint: z.boolean().default(false),
});
export type HubSettings = z.infer<typeof HubSettings>;

export type LocalHubOptions = z.input<typeof HubSettings> & {
  /** Milliseconds since the epoch; a test's own clock lets signatures expire without waiting. */
  readonly now?: () => number;
};
