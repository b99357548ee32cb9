import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../core/machine.js';

/** Result of the check of a signed address. */
type SignatureVerdict = 'valid' | 'expired' | 'forged';

interface SignRequest {
  readonly origin: string;
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly lifetimeSeconds: number;
}

const EXPIRES = 'X-Amz-Expires';
const DATE = 'X-Amz-Date';
const SIGNATURE = 'X-Amz-Signature';

/** Formats a time as S3 does: `20260131T235959Z`. */
const toAmzDate = (at: number): string => new Date(at).toISOString().replace(/[-:]|\.\d+/g, '');

const fromAmzDate = (text: string): number => Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));

/** Signs and checks addresses that carry their own permission, like S3's presigned URLs. */
export class UrlSigner {
  constructor(
    private readonly secret: string,
    private readonly clock: Clock,
  ) {}

  sign({ origin, method, path, query, lifetimeSeconds }: SignRequest): string {
    const url = new URL(path, origin);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    url.searchParams.set(DATE, toAmzDate(this.clock.now()));
    url.searchParams.set(EXPIRES, String(lifetimeSeconds));
    url.searchParams.set(SIGNATURE, this.signature(method, url.pathname, url.searchParams));
    return url.href;
  }

  check(method: string, path: string, query: URLSearchParams): SignatureVerdict {
    const given = Buffer.from(query.get(SIGNATURE) ?? '');
    const expected = Buffer.from(this.signature(method, path, query));
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 'forged';
    const expiresAt = fromAmzDate(query.get(DATE) ?? '') + Number(query.get(EXPIRES)) * 1000;
    return this.clock.now() < expiresAt ? 'valid' : 'expired';
  }

  private signature(method: string, path: string, query: URLSearchParams): string {
    const signed = [...query].filter(([name]) => name !== SIGNATURE).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return createHmac('sha256', this.secret)
      .update(JSON.stringify([method, decodeURIComponent(path), signed]))
      .digest('hex');
  }
}
