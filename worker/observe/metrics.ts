import type { MetricGauge, MetricMeter } from '@temporalio/common';
import type { HubMeter } from '../../hub/meter.js';
import { swpVersion } from '../../core/version.js';

const STEP_DURATION = 'swp_step_duration';

/** Histogram bounds in seconds: planning takes seconds, an extraction most of a day. */
export const BUCKETS: Readonly<Record<string, number[]>> = {
  [STEP_DURATION]: [1, 5, 30, 60, 300, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 259_200],
};

export interface StepEnd {
  /** Empty if the step belongs to no stage. */
  readonly stage: string;
  readonly step: string;
  readonly outcome: string;
}

/** Metrics of SWP, on the same port as the SDK's own. `docs/operations.md` lists them for people. */
export interface WorkerMetrics {
  readonly hub: HubMeter;
  readonly stepEnded: (end: StepEnd, seconds: number) => void;
  readonly publishes: MetricGauge;
}

/** Creates the metrics of one process. Without an exporter, the meter counts nothing. */
export const createMetrics = (meter: MetricMeter): WorkerMetrics => {
  const sent = meter.createCounter('swp_uploaded_bytes', 'bytes', 'Payload bytes sent, including bytes that were sent again');
  const received = meter.createCounter('swp_downloaded_bytes', 'bytes', 'Payload bytes received');
  const parts = meter.createCounter('swp_uploaded_parts', undefined, 'Parts and small whole objects that the storage accepted');
  const retries = meter.createCounter('swp_hub_retries', undefined, 'Retries of Hub calls, by reason');
  const durations = meter.createHistogram(STEP_DURATION, 'float', 'seconds', 'Duration of finished step attempts, by outcome');
  meter.createGauge('swp_build_info', 'int', undefined, 'SWP version of this worker').set(1, { version: swpVersion() });
  return {
    hub: {
      sent: (bytes) => sent.add(bytes),
      received: (bytes) => received.add(bytes),
      partSent: () => parts.add(1),
      retried: (reason) => retries.add(1, { reason }),
    },
    stepEnded: (end, seconds) => durations.record(seconds, { ...end }),
    publishes: meter.createGauge('swp_publishes', 'int', undefined, 'Open publishes and artifacts, by stage'),
  };
};
