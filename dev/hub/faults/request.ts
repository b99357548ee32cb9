import type { IncomingMessage } from 'node:http';
import type { Fault } from '../operations.js';
import { drip, flipBit } from './bytes.js';

/** Returns the body of a request as the hub receives it. */
export const bodyUnder = (fault: Fault | undefined, request: IncomingMessage, disconnected: AbortSignal): AsyncIterable<Uint8Array> => {
  switch (fault?.kind) {
    case 'corrupt-request':
      return flipBit(request, Math.min(fault.at, Math.max(0, Number(request.headers['content-length'] ?? Infinity) - 1)));
    case 'slow-request':
      return drip(request, fault.bytesPerSecond, disconnected);
    default:
      return request;
  }
};
