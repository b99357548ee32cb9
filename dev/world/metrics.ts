import { MetricsAddress } from '../../settings/metrics-address.js';

/** `SWP_METRICS` of the worker at this place: the given port, and those after it, since two processes cannot share one. */
export const metricsAt = (given: string | undefined, place: number): string | undefined => {
  if (given === undefined || given === '') return undefined;
  const address = MetricsAddress.parse(given);
  const colon = address.lastIndexOf(':');
  return `${address.slice(0, colon)}:${Number(address.slice(colon + 1)) + place}`;
};
