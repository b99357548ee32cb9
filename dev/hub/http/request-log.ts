import type { IncomingHttpHeaders } from 'node:http';
import { repoKey } from '../../../core/ids.js';
import type { Exchange, Fault } from '../operations.js';

/** Record of one request, for assertions. */
export interface RequestRecord extends Exchange {
  /**
   * Number of the request, from 1, among those with its operation, repository, file, object and part. A fault rule with
   * these fields and this number as `nth` selects the same exchange in an identical run.
   */
  readonly occurrence: number;
  /** Kind of the fault that struck the request. */
  readonly fault: Fault['kind'] | undefined;
  /** Status that was sent; undefined until then, and permanently after a reset. */
  readonly status: number | undefined;
  readonly authorization: boolean;
  /** `Content-Length` of the request. */
  readonly received: number;
  /** Bytes of the response body that were sent. */
  readonly sent: number;
}

export type OpenRecord = { -readonly [Key in keyof RequestRecord]: RequestRecord[Key] };

const MAX_RECORDS = 100_000;

/** The newest requests, in order of arrival. */
export class RequestLog {
  readonly records: OpenRecord[] = [];
  private readonly seen = new Map<string, number>();

  /** Records a request that has arrived. Its status and bytes are filled in while the response is sent. */
  open(exchange: Exchange, headers: IncomingHttpHeaders): OpenRecord {
    const { operation, repo, file, oid, part } = exchange;
    const key = JSON.stringify([operation, repo === undefined ? undefined : repoKey(repo), file, oid, part]);
    const occurrence = (this.seen.get(key) ?? 0) + 1;
    this.seen.set(key, occurrence);
    const record: OpenRecord = {
      ...exchange,
      occurrence,
      fault: undefined,
      status: undefined,
      authorization: headers.authorization !== undefined,
      received: Number(headers['content-length'] ?? 0),
      sent: 0,
    };
    this.records.push(record);
    if (this.records.length > MAX_RECORDS) this.records.splice(0, MAX_RECORDS / 2);
    return record;
  }
}
