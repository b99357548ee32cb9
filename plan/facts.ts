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
  /** Null where the repository is absent, or holds nothing but `.gitattributes`. */
  readonly head: CommitSha | null;
  readonly private: boolean;
  readonly files: readonly RepoFile[];
  readonly lastPublish: LastPublish | null;
  /** Why an earlier publish of ours could not be read, when there is one. */
  readonly unreadablePublish: string | null;
}

/** The collection that an entry names, as it is now. */
export type CollectionFacts =
  | { readonly state: 'found'; readonly slug: CollectionSlug; readonly title: string; readonly holdsTarget: boolean }
  /** None of that title in the target's namespace. */
  | { readonly state: 'absent'; readonly title: string }
  /** The code of the error says why; its message may differ from one time to the next. */
  | { readonly state: 'unreadable'; readonly wanted: string; readonly code: string };

/** A larql as it was probed, known by its bytes: its version says nothing. */
export const LarqlFacts = z.strictObject({
  sha256: Sha256,
  /** Words that its `--quant` takes. */
  quants: z.array(z.string()).readonly(),
  /** Its `slice` knows the preset `expert-server`. */
  expertServer: z.boolean(),
  /**
   * How it lays out the blocks of Q6_K and Q4_0: as programs before August 2026 (`early`) or as GGML. Nothing in a
   * vindex says which, and whoever reads the other kind computes garbage.
   */
  blocks: z.enum([...BLOCK_GENERATIONS, 'none']),
  /** The layout that the fleet reads, as the host was told; null where nobody said. */
  fleetBlocks: z.enum(BLOCK_GENERATIONS).nullable(),
  names: z.enum(['q4k', 'kquant']),
  /** From the tests or the demo, and no larql. */
  standIn: z.boolean(),
});
export type LarqlFacts = z.infer<typeof LarqlFacts>;

/** What a high-memory host says of itself and of its tokens. Volatile: never part of a digest. */
export const HostFacts = z.strictObject({
  host: z.string(),
  /** Free under its scratch, or taken there by publishes that will end. */
  availableDiskBytes: z.number(),
  /** All memory of the machine, in bytes. */
  memoryBytes: z.number().optional(),
  /** Bytes a second that its uploads share, where they are limited. */
  uploadRate: z.number().nullable().optional(),
  /** Null where it has none; the reason where it has one that cannot be used. */
  larql: z
    .union([LarqlFacts, z.strictObject({ problem: z.string() })])
    .nullable()
    .optional(),
  sources: z.array(z.strictObject({ repo: z.string(), readable: z.boolean(), reason: z.string(), hint: z.string().optional() })).readonly(),
  targets: z.array(z.strictObject({ repo: z.string(), writable: z.enum(['yes', 'no', 'unknown']), reason: z.string() })).readonly(),
});
export type HostFacts = z.infer<typeof HostFacts>;
