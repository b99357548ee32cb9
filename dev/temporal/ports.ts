import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { SwpError } from '../../core/error.js';

export const LOOPBACK = '127.0.0.1';

export const isPortFree = async (port: number): Promise<boolean> => {
  const server = createServer();
  const free = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false)).listen({ port, host: LOOPBACK, exclusive: true }, () => resolve(true));
  });
  if (free) await closed(server);
  return free;
};

/** Returns a port without a listener. The system does not assign it again for a while, since a connection on it is in TIME_WAIT. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen({ port: 0, host: LOOPBACK });
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new SwpError('internal', 'dev/no-port', 'a listening TCP server has no port');
  const { port } = bound;
  const client = connect(port, LOOPBACK);
  const [[accepted]] = await Promise.all([once(server, 'connection'), once(client, 'connect')]);
  // Close the listener's side first: that side keeps the port in TIME_WAIT.
  accepted.end();
  client.resume().on('end', () => client.end());
  await Promise.all([once(client, 'close'), closed(server)]);
  return port;
};

const closed = (server: ReturnType<typeof createServer>): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
