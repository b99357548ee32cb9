import type { Clock } from '../../../core/machine.js';
import type { Fault } from '../operations.js';
import { cutAfter, drip, flipBit } from './bytes.js';

type Transform = (chunks: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

/** Returns the transform for a response body, given its length in bytes. */
export const answerUnder = (fault: Fault | undefined, length: number, clock: Clock, disconnected: AbortSignal): Transform => {
  switch (fault?.kind) {
    case 'reset-answer':
      return (chunks) => cutAfter(chunks, Math.min(fault.afterBytes, length - 1));
    case 'corrupt-answer':
      return (chunks) => flipBit(chunks, Math.min(fault.at, length - 1));
    case 'slow-answer':
      return (chunks) => drip(clock, chunks, fault.bytesPerSecond, disconnected);
    default:
      return (chunks) => chunks;
  }
};
