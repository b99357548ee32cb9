import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';

/** A request as it is sent, with all its headers. */
export interface TransportRequest {
  /** The request in error messages: method and address, without secrets. */
  readonly name: string;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes, or a fresh stream of exactly `length` bytes for each attempt. */
  readonly body?: Uint8Array | { readonly length: number; readonly open: () => Readable };
  /** Called when the connection is open: from then on, the server may receive the request. */
  readonly onConnected?: () => void;
  readonly signal: AbortSignal;
  /** Maximum time without a byte of the answer, in milliseconds. */
  readonly idleMs?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The body, unread. The caller reads it to its end, or destroys it. */
  readonly body: Readable;
}

/** Runs one exchange, without redirects and retries. Rejects if the status and headers of an answer do not arrive. */
export type Exchange = (request: TransportRequest) => Promise<Answer>;

/** Carries requests to the Hub and to its storage. */
export interface Transport {
  readonly exchange: Exchange;
  /** Returns a transport of the same kind over connections that nothing else uses. */
  readonly separate: () => SeparateTransport;
}

export interface SeparateTransport extends Transport {
  /** Closes the connections; a call that still uses them fails. */
  readonly close: () => void;
}

/** Returns the transport with its exchanges wrapped, those over separate connections too. */
export const wrapTransport = ({ exchange, separate }: Transport, wrap: (exchange: Exchange) => Exchange): Transport => ({
  exchange: wrap(exchange),
  separate: () => {
    const own = separate();
    return { ...wrapTransport(own, wrap), close: own.close };
  },
});
