import { withMeter, withOnRetry, type Hub } from '../../hub/hub.js';
import type { HubMeter } from '../../hub/meter.js';
import type { Webhook } from '../webhook.js';
import { notifyLongFailures } from './notify-long-failures.js';

/** Counts the traffic with a Hub in the metrics, and reports long failures to the webhook, if there is one. */
export const observeHub = (hub: Hub, meter: HubMeter, webhook: Pick<Webhook, 'say'> | null): Hub => {
  const metered = withMeter(hub, meter);
  return webhook === null ? metered : withOnRetry(metered, notifyLongFailures(webhook));
};
