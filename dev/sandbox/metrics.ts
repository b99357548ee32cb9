import { MetricsAddress } from '../../settings/metrics-address.js';

/** Returns `SWP_METRICS` for the worker with this index: the given port plus the index, since two processes cannot share a port. */
export const metricsAt = (given: string | undefined, index: number): string | undefined => {
  if (given === undefined || given === '') return undefined;
  const address = MetricsAddress.parse(given);
  const colon = address.lastIndexOf(':');
  return `${address.slice(0, colon)}:${Number(address.slice(colon + 1)) + index}`;
};
