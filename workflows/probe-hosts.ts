import { ActivityFailure, TimeoutFailure } from '@temporalio/workflow';
import type { ProbeRequest } from '../contract/publish-activities.js';
import type { HostFacts } from '../plan/facts.js';
import { light } from './activity-proxies.js';

/** What a high-memory host says of itself; null when none answers in time: the plan then says so. */
export const probe = async (request: ProbeRequest): Promise<HostFacts | null> => {
  try {
    return await light().probeHost(request);
  } catch (error) {
    if (error instanceof ActivityFailure && error.cause instanceof TimeoutFailure) return null;
    throw error;
  }
};
