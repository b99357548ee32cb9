import { isIP } from 'node:net';
import { z } from 'zod';

const LOOPBACK = '127.0.0.1';

const portOf = (text: string): number | null => {
  const port = Number(text);
  return /^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535 ? port : null;
};

/**
 * Parses `9464`, `localhost:9464`, `127.0.0.1:9464` or `[::1]:9464` to the SDK's form of address; returns null for
 * other text.
 */
const parse = (text: string): string | null => {
  const portOnly = portOf(text);
  if (portOnly !== null) return `${LOOPBACK}:${portOnly}`;
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, Math.max(0, colon));
  const port = portOf(text.slice(colon + 1));
  if (port === null) return null;
  if (host === 'localhost') return `${LOOPBACK}:${port}`;
  if (isIP(host) === 4) return `${host}:${port}`;
  return /^\[.*\]$/.test(host) && isIP(host.slice(1, -1)) === 6 ? `${host}:${port}` : null;
};

/**
 * The address where metrics are served. A port without an address means the loopback interface; to let other hosts read
 * the metrics, give a full IP address.
 */
export const MetricsAddress = z.string().transform((text, context): string => {
  const address = parse(text);
  if (address !== null) return address;
  context.addIssue({ code: 'custom', message: 'must be a port, or an IP address and a port, such as 9464, 127.0.0.1:9464 or [::1]:9464' });
  return z.NEVER;
});

/** Returns true if only this machine can reach the address. */
export const isLoopback = (address: string): boolean => /^127\.|^\[(?:0*:)*:?0*1\]:/.test(address);
