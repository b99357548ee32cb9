import type { z } from 'zod';
import type { FaultSpec } from './faults/spec.js';
import type { Operation } from './operations.js';

type Spec = z.input<typeof FaultSpec>;

/** A fault that people select by name. */
export interface NamedFault {
  readonly about: string;
  readonly operation: Operation;
  /** Default for the `:<bytes>` after the name; a fault without it takes no bytes. */
  readonly bytes?: number;
  readonly fault: (bytes: number) => Spec;
}

const json = (status: number, error: string, headers?: Record<string, string>): Spec => ({
  kind: 'status',
  status,
  body: JSON.stringify({ error }),
  ...(headers === undefined ? {} : { headers }),
});

const xml = (status: number, code: string, message: string): Spec => ({
  kind: 'status',
  status,
  headers: { 'Content-Type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`,
});

/** Returns a 429 with the time until the next window, as the Hub sends it. */
const rateLimited = (seconds: number): Spec =>
  json(429, 'We had to rate limit you.', { RateLimit: `"api";r=0;t=${seconds}`, 'RateLimit-Policy': '"fixed window";"api";q=1000;w=300' });

const QUOTA = 'Private repository storage limit reached, please upgrade your plan to increase your private storage limit.';

/** An error page of a gateway, larger than a client should keep. */
const PAGE = `<html><body>${'Gateway Timeout. '.repeat(4_200)}</body></html>`;

/** Handles the request, but responds as if it had failed: a proxy in front of the Hub may replace the response. */
const applied = (status: number, over: Omit<Extract<Spec, { kind: 'apply-then-status' }>, 'kind' | 'status'> = {}): Spec => ({
  kind: 'apply-then-status',
  status,
  ...over,
});

const fixedFault = (operation: Operation, about: string, fault: Spec): NamedFault => ({ about, operation, fault: () => fault });
const faultWithBytes = (operation: Operation, bytes: number, about: string, fault: (bytes: number) => Spec): NamedFault => ({
  about,
  operation,
  bytes,
  fault,
});

/** All faults by name, in the order of a publish: the operation that each strikes, and its effect. */
export const NAMED_FAULTS: ReadonlyMap<string, NamedFault> = new Map([
  ['unauthorized', fixedFault('lfs-batch', 'the write token has been revoked (401)', json(401, 'Invalid username or password.'))],
  ['quota-403', fixedFault('lfs-batch', "the owner's storage is used up (403)", json(403, QUOTA))],
  ['batch-429', fixedFault('lfs-batch', 'too many requests; come again in 5 seconds', rateLimited(5))],
  ['batch-503', fixedFault('lfs-batch', 'the Hub is down for a moment', json(503, 'Service Unavailable'))],
  ['create-lost-answer', fixedFault('create-repo', 'the repository is created, the answer lost', { kind: 'apply-then-reset' })],
  ['part-503', fixedFault('part', 'the storage is too busy', xml(503, 'SlowDown', 'Please reduce your request rate.'))],
  ['part-expired', fixedFault('part', "a part's address has expired (403)", xml(403, 'AccessDenied', 'Request has expired'))],
  [
    'part-timeout',
    fixedFault(
      'part',
      'the storage gave up on the sender (400)',
      xml(400, 'RequestTimeout', 'Your socket connection to the server was not read from.'),
    ),
  ],
  [
    'part-reset',
    faultWithBytes('part', 100_000, 'the connection is cut after so many bytes', (afterBytes) => ({ kind: 'reset', afterBytes })),
  ],
  ['part-lost-answer', fixedFault('part', 'the part is stored, the answer lost', { kind: 'apply-then-reset' })],
  ['part-slow', faultWithBytes('part', 100_000, 'so many bytes a second', (bytesPerSecond) => ({ kind: 'slow-request', bytesPerSecond }))],
  [
    'part-corrupt',
    faultWithBytes('part', 0, 'one bit of the byte there arrives flipped, silently', (offset) => ({ kind: 'corrupt-request', at: offset })),
  ],
  ['part-wrong-etag', fixedFault('part', 'the answer has the ETag of something else', { kind: 'wrong-etag' })],
  ['complete-503', fixedFault('complete', 'the parts are not joined', json(503, 'Service Unavailable'))],
  ['complete-lost-answer', fixedFault('complete', 'the parts are joined, the answer lost', { kind: 'apply-then-reset' })],
  ['blob-gone', fixedFault('commit', 'uploaded blobs are garbage-collected before the commit', { kind: 'lose-objects' })],
  ['commit-412', fixedFault('commit', 'a stranger commits just before', { kind: 'foreign-commit' })],
  ['commit-413', fixedFault('commit', 'the commit is too large', json(413, 'request entity too large'))],
  ['commit-429', fixedFault('commit', 'too many commits; come again in 5 seconds', rateLimited(5))],
  ['commit-504', fixedFault('commit', 'a gateway gives up; nothing was committed', json(504, 'Gateway Timeout'))],
  ['commit-504-applied', fixedFault('commit', 'a gateway gives up; it was committed', applied(504))],
  [
    'commit-504-page-applied',
    fixedFault('commit', 'a gateway gives up with a page of 70 kB; it was committed', applied(504, { body: PAGE })),
  ],
  ['commit-401-applied', fixedFault('commit', 'the answer is 401; it was committed', applied(401))],
  [
    'commit-308-applied',
    fixedFault('commit', 'the answer is a redirect; it was committed', applied(308, { headers: { Location: 'https://hub.invalid/' } })),
  ],
  ['commit-525-applied', fixedFault('commit', 'a proxy fails at TLS (525); it was committed', applied(525))],
  ['commit-wrong-oid', fixedFault('commit', 'the answer names a commit that does not exist', { kind: 'wrong-oid' })],
  ['commit-reset', fixedFault('commit', 'the connection is cut; nothing was committed', { kind: 'reset' })],
  ['commit-reset-applied', fixedFault('commit', 'the connection is cut; it was committed', { kind: 'apply-then-reset' })],
  ['download-503', fixedFault('cdn', 'the CDN is down for a moment', xml(503, 'SlowDown', 'Please reduce your request rate.'))],
  ['download-expired', fixedFault('cdn', "a download's address has expired (403)", xml(403, 'AccessDenied', 'Request has expired'))],
  [
    'download-reset',
    faultWithBytes('cdn', 100_000, 'the answer is cut after so many bytes', (afterBytes) => ({ kind: 'reset-answer', afterBytes })),
  ],
  [
    'download-slow',
    faultWithBytes('cdn', 100_000, 'so many bytes a second', (bytesPerSecond) => ({ kind: 'slow-answer', bytesPerSecond })),
  ],
  [
    'download-corrupt',
    faultWithBytes('cdn', 0, 'one bit of the byte there arrives flipped, silently', (offset) => ({ kind: 'corrupt-answer', at: offset })),
  ],
  ['download-range', fixedFault('cdn', 'the answer says that it is another range', { kind: 'wrong-range' })],
]);
