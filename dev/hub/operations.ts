import type { PlainFault } from './faults/spec.js';

/** What a request asks of the hub, by name: faults and assertions speak of operations, never of URLs. */
export const OPERATIONS = [
  'whoami',
  'create-repo',
  'delete-repo',
  'validate-yaml',
  'list-models',
  'model-info',
  'tree',
  'paths-info',
  'preupload',
  'lfs-batch',
  'put',
  'part',
  'complete',
  'verify',
  'duplicate-lfs',
  'commit',
  'commits',
  'refs',
  'resolve',
  'cdn',
  'list-collections',
  'create-collection',
  'read-collection',
  'add-collection-item',
  'delete-collection-item',
  'page',
  'unknown',
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** One request as an intercept sees it, before anything was handled. */
export interface Exchange {
  readonly operation: Operation;
  readonly method: string;
  readonly path: string;
  readonly repo?: string;
  /** The path inside the repository (`resolve`, `cdn`). */
  readonly file?: string;
  /** The SHA-256 of the LFS object (`put`, `part`, `complete`, `cdn`). */
  readonly oid?: string;
  /** Number of the part, from 1. */
  readonly part?: number;
  /** The `Range` header. */
  readonly range?: string;
  /** Which connection it came over, from 1 in the order in which they were opened; the CDN counts its own. */
  readonly connection: number;
}

/** What goes wrong with one exchange. A hold is handled late, a hold-after is answered late. */
export type Fault =
  | PlainFault
  | { readonly kind: 'hold'; readonly until: Promise<void> }
  | { readonly kind: 'hold-after'; readonly until: Promise<void> };

/** Asked once per request, before it is handled; the first hook that names a fault decides. */
export type Intercept = (exchange: Exchange) => Fault | undefined;
