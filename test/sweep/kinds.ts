import { expect } from 'vitest';
import type { Fault, Operation } from '../../dev/hub/index.js';
import { TOKENS } from '../support/tokens.js';
import { changeSealed, type SealedScratch } from './change-sealed.js';
import type { Place } from './exchanges.js';

/** The required end of a publish: without help; after the operator lifted the fault and retried; after a second approval. */
export type Ends = 'unaided' | 'pauses' | 'asks-again';

export interface Kind {
  readonly name: string;
  readonly ends: Ends;
  readonly strikes: (place: Place) => boolean;
  readonly fault: Fault | ((scratch: SealedScratch) => Fault);
  /** Strikes every later exchange of that operation too, until it is lifted. */
  readonly lasts?: true;
}

const json = (status: number, error: string, headers: Record<string, string> = {}): Fault => ({
  kind: 'status',
  status,
  headers,
  body: JSON.stringify({ error }),
});
const expired: Fault = {
  kind: 'status',
  status: 403,
  headers: { 'Content-Type': 'application/xml' },
  body: '<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>',
};

/** The error page of a gateway, longer than the part of an error that is read. */
const PAGE = `<html><body>${'<p>Try again later.</p>'.repeat(3200)}</body></html>`;
/** An error body that quotes the request. */
const ECHO = JSON.stringify({
  error: `Not allowed: authorization: Bearer ${TOKENS.write}, Bearer ${TOKENS.read}; ${encodeURIComponent(`token=${TOKENS.write}`)}${' x'.repeat(900)} ${TOKENS.write}`,
});

const SIGNED: readonly Operation[] = ['put', 'part', 'complete', 'cdn'];
const WRITES: readonly Operation[] = ['create-repo', 'preupload', 'lfs-batch', 'commit'];
const one =
  (...operations: readonly Operation[]) =>
  ({ operation }: Place): boolean =>
    operations.includes(operation);
const every = (): boolean => true;

/** Published files that name the repositories and commits of their run. */
export const RUN_SPECIFIC_FILES: ReadonlySet<string> = new Set(['README.md', 'mtp.tensors.json', 'index.json', 'provenance.json']);

export const KINDS: readonly Kind[] = [
  { name: '503', ends: 'unaided', strikes: every, fault: json(503, 'Service Unavailable') },
  {
    name: '429',
    ends: 'unaided',
    strikes: (place) => !one(...SIGNED)(place),
    fault: json(429, 'Too many', { RateLimit: '"api";r=0;t=2' }),
  },
  { name: 'reset', ends: 'unaided', strikes: every, fault: { kind: 'reset' } },
  { name: 'lost answer', ends: 'unaided', strikes: every, fault: { kind: 'apply-then-reset' } },
  { name: 'applied 504', ends: 'unaided', strikes: every, fault: { kind: 'apply-then-status', status: 504 } },
  {
    name: 'applied 525 with a page',
    ends: 'unaided',
    strikes: every,
    fault: { kind: 'apply-then-status', status: 525, headers: { 'Content-Type': 'text/html' }, body: PAGE },
  },
  {
    name: 'error page',
    ends: 'unaided',
    strikes: every,
    fault: { kind: 'status', status: 502, headers: { 'Content-Type': 'text/html' }, body: PAGE },
  },
  { name: 'applied 401', ends: 'unaided', strikes: one('commit'), fault: { kind: 'apply-then-status', status: 401 } },
  {
    name: 'applied 504 with a large page',
    ends: 'unaided',
    strikes: one('commit'),
    fault: { kind: 'apply-then-status', status: 504, body: 'Gateway Timeout. '.repeat(4_200) },
  },
  { name: 'wrong oid', ends: 'unaided', strikes: one('commit'), fault: { kind: 'wrong-oid' } },
  { name: 'cut request', ends: 'unaided', strikes: one('put', 'part', 'commit'), fault: { kind: 'reset', afterBytes: 200 } },
  {
    name: 'cut answer',
    ends: 'unaided',
    strikes: one('cdn', 'tree', 'model-info', 'commits'),
    fault: { kind: 'reset-answer', afterBytes: 5 },
  },
  { name: 'flipped bit', ends: 'unaided', strikes: one('cdn'), fault: { kind: 'corrupt-answer', at: 7 } },
  {
    name: 'changed sealed byte',
    ends: 'unaided',
    strikes: ({ role, operation }) => role === 'target' && ['preupload', 'lfs-batch', 'put', 'part', 'complete'].includes(operation),
    fault: (scratch) => ({ kind: 'hold', until: changeSealed(scratch) }),
  },
  { name: 'corrupt part', ends: 'unaided', strikes: one('put', 'part'), fault: { kind: 'corrupt-request', at: 7 } },
  { name: 'wrong ETag', ends: 'unaided', strikes: one('part'), fault: { kind: 'wrong-etag' } },
  { name: 'expired address', ends: 'unaided', strikes: one(...SIGNED), fault: expired },
  { name: 'lost blobs', ends: 'unaided', strikes: one('commit'), fault: { kind: 'lose-objects' } },
  {
    name: '401',
    ends: 'pauses',
    lasts: true,
    strikes: (place) => !one(...SIGNED)(place),
    fault: json(401, 'Invalid username or password.'),
  },
  {
    name: 'token echo',
    ends: 'pauses',
    lasts: true,
    // A refused verification of a part is no failure if the object is stored.
    strikes: (place) => !one(...SIGNED, 'verify')(place),
    fault: { kind: 'status', status: 403, body: ECHO },
  },
  { name: 'quota', ends: 'pauses', lasts: true, strikes: one(...WRITES), fault: json(403, 'Private storage quota exceeded') },
  {
    name: 'gated',
    ends: 'pauses',
    lasts: true,
    strikes: (place) => place.role === 'source' && place.operation === 'resolve',
    fault: json(403, 'Access to this model is restricted', { 'X-Error-Code': 'GatedRepo' }),
  },
  { name: '413', ends: 'pauses', lasts: true, strikes: one('preupload', 'commit'), fault: json(413, 'request entity too large') },
  { name: 'wrong range', ends: 'pauses', lasts: true, strikes: one('cdn'), fault: { kind: 'wrong-range' } },
  {
    name: 'stranger',
    ends: 'asks-again',
    strikes: ({ role, operation }) => role === 'target' && WRITES.includes(operation) && operation !== 'create-repo',
    fault: { kind: 'foreign-commit', path: 'stranger.txt' },
  },
];

/** Returns the fault of a kind, for a publish with this scratch. */
export const faultOf = ({ fault }: Kind, scratch: SealedScratch): Fault => (typeof fault === 'function' ? fault(scratch) : fault);

/** Checks that a publish ended as this kind of fault requires. */
export const expectEnd = ({ ends }: Kind, { approvals, helped }: { readonly approvals: number; readonly helped: number }): void => {
  if (ends === 'unaided') expect({ approvals, helped }).toEqual({ approvals: 1, helped: 0 });
  if (ends === 'pauses') expect(helped).toBeGreaterThan(0);
  if (ends === 'asks-again') expect({ approvals, helped }).toEqual({ approvals: 2, helped: 0 });
};
