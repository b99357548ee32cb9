import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { HandleRequest } from './handle-request.js';
import { sendResponse } from './send.js';

/** Returns a listener of a server that answers requests with `handle`. */
export const serveRequests = (handle: HandleRequest): ((request: IncomingMessage, response: ServerResponse) => Promise<void>) => {
  const connections = new WeakMap<Socket, number>();
  let opened = 0;
  const connectionOf = (socket: Socket): number => {
    const known = connections.get(socket) ?? (opened += 1);
    connections.set(socket, known);
    return known;
  };
  return async (request, response) => {
    // Keep the socket, since a request whose body was not read to its end drops its reference to it.
    const { socket, method = 'GET', url = '', headers } = request;
    const disconnected = new AbortController();
    response.once('close', () => disconnected.abort());
    const connection = connectionOf(socket);
    const answer = await handle({ method, url, headers, body: request, connection, disconnected: disconnected.signal });
    if (answer === null) {
      socket.destroy();
      return;
    }
    try {
      await sendResponse(response, answer);
    } catch {
      // The client disconnected in the middle of the response, which is not an error, or a fault cuts it.
      response.destroy();
    }
  };
};
