import { withMeter, withOnRetry, type Hub, type OnRetry } from '../../hub/hub.js';
import type { HubMeter } from '../../hub/meter.js';

/**
 * Counts the traffic with a Hub in the metrics.
 *
 * @param notify receives each retry too; the Hubs of a worker share it, so that it reports a step once
 */
export const observeHub = (hub: Hub, meter: HubMeter, notify: OnRetry | null): Hub => {
  const metered = withMeter(hub, meter);
  return notify === null ? metered : withOnRetry(metered, notify);
};
