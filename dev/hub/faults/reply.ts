import { createHash } from 'node:crypto';
import type { Reply } from '../http/reply.js';
import type { Fault } from '../operations.js';

/** Returns the reply that a fault sends instead of the hub's. */
export const scriptedReply = ({ status, headers, body }: Extract<Fault, { readonly status: number }>): Reply => ({
  status,
  headers: { 'Content-Type': 'application/json', ...headers },
  body: body ?? '{"error":"scripted fault"}',
});

/** Shifts a range by one byte: `bytes 0-9/100` → `bytes 1-10/100`. */
const shift = (range: string): string =>
  range.replace(/(\d+)-(\d+)/, (_, first: string, last: string) => `${Number(first) + 1}-${Number(last) + 1}`);

const withWrongOid = (body: string): string => body.replace(/"commitOid":"[0-9a-f]{40}"/, `"commitOid":"${'0'.repeat(40)}"`);

/** Returns the hub's reply as the fault changes it. */
export const replyUnder = (fault: Fault | undefined, reply: Reply): Reply => {
  const { ETag: etag, 'Content-Range': range } = reply.headers;
  switch (fault?.kind) {
    case 'apply-then-status':
      return scriptedReply(fault);
    case 'wrong-etag':
      if (typeof etag !== 'string') return reply;
      return { ...reply, headers: { ...reply.headers, ETag: `"${createHash('md5').update(etag).digest('hex')}"` } };
    case 'wrong-oid':
      return typeof reply.body === 'string' ? { ...reply, body: withWrongOid(reply.body) } : reply;
    case 'wrong-range':
      return typeof range === 'string' ? { ...reply, headers: { ...reply.headers, 'Content-Range': shift(range) } } : reply;
    default:
      return reply;
  }
};
