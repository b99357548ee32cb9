import type { IncomingHttpHeaders } from 'node:http';
import type { Exchange } from '../operations.js';

/** One request as it went, for assertions. */
export interface RequestRecord extends Exchange {
  /** The status that was sent; undefined while there is none, and for good after a reset. */
  readonly status: number | undefined;
  readonly authorization: boolean;
  readonly range: string | undefined;
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

  /** Notes a request that has arrived; its status and bytes are filled in as it is answered. */
  open(exchange: Exchange, headers: IncomingHttpHeaders): OpenRecord {
    const record: OpenRecord = {
      ...exchange,
      status: undefined,
      authorization: headers.authorization !== undefined,
      range: headers.range,
      received: Number(headers['content-length'] ?? 0),
      sent: 0,
    };
    this.records.push(record);
    if (this.records.length > MAX_RECORDS) this.records.splice(0, MAX_RECORDS / 2);
    return record;
  }
}
