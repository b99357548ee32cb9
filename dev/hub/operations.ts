import type { PlainFault } from './faults/spec.js';

/** Names of the requests that a hub serves. Faults and assertions refer to operations, never to URLs. */
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

/** One request as an intercept receives it, before the request is handled. */
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
  /** Number of the request's connection, from 1 in the order of their first requests; the CDN counts its own connections. */
  readonly connection: number;
}

/** The fault of one exchange. `hold` delays the handling of the request, `hold-after` delays the response. */
export type Fault =
  | PlainFault
  | { readonly kind: 'hold'; readonly until: Promise<void> }
  | { readonly kind: 'hold-after'; readonly until: Promise<void> };

/** Called once per request, before it is handled; the first intercept that returns a fault decides. */
export type Intercept = (exchange: Exchange) => Fault | undefined;
