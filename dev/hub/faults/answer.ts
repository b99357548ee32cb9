import type { ServerResponse } from 'node:http';
import type { Fault } from '../operations.js';
import { cutAfter, drip, flipBit } from './bytes.js';

type Transform = (chunks: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

/** Resolves when all written bytes have left this process; an earlier cut would lose more bytes than it should. */
const flushed = async (response: ServerResponse): Promise<void> => {
  response.flushHeaders();
  await new Promise<void>((resolve) => {
    if (response.socket === null) resolve();
    else response.socket.write('', () => resolve());
  });
};

/** Returns the transform for a response body, given its length in bytes. */
export const answerUnder = (
  fault: Fault | undefined,
  response: ServerResponse,
  disconnected: AbortSignal,
): ((length: number) => Transform) => {
  switch (fault?.kind) {
    case 'reset-answer':
      return (length) => (chunks) => cutAfter(chunks, Math.min(fault.afterBytes, length - 1), () => flushed(response));
    case 'corrupt-answer':
      return (length) => (chunks) => flipBit(chunks, Math.min(fault.at, length - 1));
    case 'slow-answer':
      return () => (chunks) => drip(chunks, fault.bytesPerSecond, disconnected);
    default:
      return () => (chunks) => chunks;
  }
};
