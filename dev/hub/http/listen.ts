import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { SwpError } from '../../../core/error.js';

interface Listener {
  readonly server: Server;
  /** Origin without a trailing slash. */
  readonly url: string;
}

/** Starts a server on 127.0.0.1. It has no request timeout, since a PUT may take long. */
export const listen = async (port: number): Promise<Listener> => {
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 30_000 });
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    const hint = 'Stop what listens there, or choose port 0 for any free one.';
    throw new SwpError('unavailable', 'dev/hub-port', `the local hub cannot listen on 127.0.0.1:${port}`, { hint, cause: error });
  }
  const address = server.address();
  if (address === null || typeof address === 'string') throw new SwpError('internal', 'dev/hub-address', 'the local hub has no address');
  return { server, url: `http://127.0.0.1:${address.port}` };
};

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Serves requests with `run` and returns a function that stops: it accepts no new connections, cuts the open ones, and waits
 * for every running handler, so that nothing is written afterwards.
 */
export const serve = (server: Server, run: Handler): (() => Promise<void>) => {
  const running = new Set<Promise<void>>();
  server.on('request', (request, response) => {
    const work = run(request, response).finally(() => running.delete(work));
    running.add(work);
  });
  return async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
    await Promise.allSettled(running);
  };
};
