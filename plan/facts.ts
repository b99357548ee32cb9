import { z } from 'zod';
import { Sha256, type CollectionSlug, type CommitSha, type GitBlobId, type RepoId } from '../core/ids.js';
import { BLOCK_GENERATIONS } from '../formats/vindex/quant-blocks.js';
import type { License, RepoFile } from '../hub/repo-file.js';
import type { Provenance } from './provenance.js';

export interface SourceFacts {
  readonly repo: RepoId;
  readonly commit: CommitSha;
  readonly private: boolean;
  readonly gated: boolean;
  readonly license: License | null;
  readonly files: readonly RepoFile[];
}

/** The newest commit of a target that carries our trailers, with the provenance it holds. */
export interface LastPublish {
  readonly commit: CommitSha;
  readonly manifestDigest: string;
  readonly provenance: Provenance;
  readonly provenanceBlob: GitBlobId;
}

export interface TargetFacts {
  readonly repo: RepoId;
  readonly exists: boolean;
  /** Null if the repository is absent, or holds only `.gitattributes`. */
  readonly head: CommitSha | null;
  readonly private: boolean;
  readonly files: readonly RepoFile[];
  readonly lastPublish: LastPublish | null;
  /** The reason why an earlier publish of ours could not be read; null if there is no such publish. */
  readonly unreadablePublish: string | null;
}

/** The current state of the collection that an entry names. */
export type CollectionFacts =
  | { readonly state: 'found'; readonly slug: CollectionSlug; readonly title: string; readonly holdsTarget: boolean }
  /** The target's namespace has no collection of that title. */
  | { readonly state: 'absent'; readonly title: string }
  /** The code of the error gives the reason: its message may differ from one read to the next. */
  | { readonly state: 'unreadable'; readonly wanted: string; readonly code: string };

/** Facts of a probed larql. Its digest identifies it, because its version does not distinguish builds. */
export const LarqlFacts = z.strictObject({
  sha256: Sha256,
  /** Values that its `--quant` accepts. */
  quants: z.array(z.string()).readonly(),
  /** True if its `slice` has the preset `expert-server`. */
  expertServer: z.boolean(),
  /**
   * Its layout of Q6_K and Q4_0 blocks: that of programs before August 2026 (`early`), or that of GGML; `none` if it does not
   * quantise. A vindex does not record the layout, and a program that reads the other layout computes garbage.
   */
  blocks: z.enum([...BLOCK_GENERATIONS, 'none']),
  /** The layout that the fleet reads, from the host's settings; null if it is not set. */
  fleetBlocks: z.enum(BLOCK_GENERATIONS).nullable(),
  names: z.enum(['q4k', 'kquant']),
  /** True for a stand-in of the tests or the demo, which is not a larql. */
  standIn: z.boolean(),
});
export type LarqlFacts = z.infer<typeof LarqlFacts>;

/** Facts that a high-memory host reports about itself and its tokens. Volatile: never part of a digest. */
export const HostFacts = z.strictObject({
  host: z.string(),
  /** Bytes that are free under its scratch, or that publishes hold there until they end. */
  availableDiskBytes: z.number(),
  /** All memory of the machine, in bytes. */
  memoryBytes: z.number().optional(),
  /** Rate limit that its uploads share, in bytes per second; null if there is none. */
  uploadRate: z.number().nullable().optional(),
  /** Null if the host has no larql; the problem if it has one that cannot be used. */
  larql: z
    .union([LarqlFacts, z.strictObject({ problem: z.string() })])
    .nullable()
    .optional(),
  sources: z.array(z.strictObject({ repo: z.string(), readable: z.boolean(), reason: z.string(), hint: z.string().optional() })).readonly(),
  targets: z.array(z.strictObject({ repo: z.string(), writable: z.enum(['yes', 'no', 'unknown']), reason: z.string() })).readonly(),
});
export type HostFacts = z.infer<typeof HostFacts>;
