import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { HubResponse } from './handle-request.js';

/** Resolves when all written bytes have left this process; an earlier cut would lose more bytes than it should. */
const flushed = async (response: ServerResponse): Promise<void> => {
  response.flushHeaders();
  await new Promise<void>((resolve) => {
    if (response.socket === null) resolve();
    else response.socket.write('', () => resolve());
  });
};

/** Sends a response. If its body throws, the connection is cut after the bytes before. Rejects if the client disconnects. */
export const sendResponse = async (response: ServerResponse, { status, headers, body }: HubResponse): Promise<void> => {
  response.writeHead(status, headers);
  if (body === null) {
    response.end();
    return;
  }
  const flushBeforeCut = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } catch (error) {
      await flushed(response);
      throw error;
    }
  };
  await pipeline(flushBeforeCut, response);
};
