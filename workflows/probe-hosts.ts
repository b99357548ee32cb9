import { ActivityFailure, TimeoutFailure } from '@temporalio/workflow';
import type { ProbeRequest } from '../contract/publish-activities.js';
import type { HostFacts } from '../plan/facts.js';
import { LIMITS, on } from './activities.js';

/** Returns the facts that a high-memory host reports; null if no host answers in time, which the plan then states. */
export const probe = async (request: ProbeRequest): Promise<HostFacts | null> => {
  try {
    return await on('light', LIMITS.probe).probeHost(request);
  } catch (error) {
    if (error instanceof ActivityFailure && error.cause instanceof TimeoutFailure) return null;
    throw error;
  }
};
