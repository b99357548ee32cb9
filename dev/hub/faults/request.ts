import type { Clock } from '../../../core/machine.js';
import type { HubRequest } from '../http/handle-request.js';
import type { Fault } from '../operations.js';
import { drip, flipBit } from './bytes.js';

/** Returns the body of a request as the hub receives it. */
export const bodyUnder = (
  fault: Fault | undefined,
  { body, headers, disconnected }: Pick<HubRequest, 'body' | 'headers' | 'disconnected'>,
  clock: Clock,
): AsyncIterable<Uint8Array> => {
  switch (fault?.kind) {
    case 'corrupt-request':
      return flipBit(body, Math.min(fault.at, Math.max(0, Number(headers['content-length'] ?? Infinity) - 1)));
    case 'slow-request':
      return drip(clock, body, fault.bytesPerSecond, disconnected);
    default:
      return body;
  }
};
