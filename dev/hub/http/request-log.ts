import type { IncomingHttpHeaders } from 'node:http';
import { repoKey } from '../../../core/ids.js';
import type { Exchange, Fault } from '../operations.js';

/** One request as it went, for assertions. */
export interface RequestRecord extends Exchange {
  /**
   * Which one it is, from 1, of those with its operation, repository, file, object and part. A fault rule with these and
   * this number as `nth` names the same exchange in an equal run.
   */
  readonly occurrence: number;
  /** What went wrong with it on purpose. */
  readonly fault: Fault['kind'] | undefined;
  /** The status that was sent; undefined while there is none, and for good after a reset. */
  readonly status: number | undefined;
  readonly authorization: boolean;
  /** `Content-Length` of the request. */
  readonly received: number;
  /** Bytes of the answer's body that went out. */
  readonly sent: number;
}

export type OpenRecord = { -readonly [Key in keyof RequestRecord]: RequestRecord[Key] };

const MAX_RECORDS = 100_000;

/** The newest requests, in order of arrival. */
export class RequestLog {
  readonly records: OpenRecord[] = [];
  private readonly seen = new Map<string, number>();

  /** Notes a request that has arrived; its status and bytes are filled in as it is answered. */
  open(exchange: Exchange, headers: IncomingHttpHeaders): OpenRecord {
    const { operation, repo, file, oid, part } = exchange;
    const place = JSON.stringify([operation, repo === undefined ? undefined : repoKey(repo), file, oid, part]);
    const occurrence = (this.seen.get(place) ?? 0) + 1;
    this.seen.set(place, occurrence);
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
