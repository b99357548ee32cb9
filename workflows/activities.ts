import {
  ActivityCancellationType,
  proxyActivities,
  workflowInfo,
  type ActivityInterfaceFor,
  type ActivityOptions,
} from '@temporalio/workflow';
import type {
  ClaimActivities,
  ControlActivities,
  HostActivities,
  LightActivities,
  WaitingActivities,
} from '../contract/publish-activities.js';
import type { CampaignActivities } from '../contract/campaign-activities.js';
import type { RevalidateActivities } from '../contract/revalidate-activities.js';
import { hostQueue, queuesOf } from '../contract/names.js';

/**
 * Transient failures are retried inside an activity for as long as it takes. What Temporal retries is a
 * crashed worker, which a missing heartbeat shows. A result over the payload limit would be retried for ever.
 */
const lasting: ActivityOptions = {
  startToCloseTimeout: '30 days',
  heartbeatTimeout: '15 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '5 minutes', nonRetryableErrorTypes: ['PayloadsTooLarge'] },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
};

const FILING = '10 minutes';

const queues = () => queuesOf(workflowInfo().taskQueue);

export const control = (): ActivityInterfaceFor<ControlActivities> =>
  proxyActivities<ControlActivities>({ ...lasting, taskQueue: queues().control });

/** Notifications: a few attempts over some minutes, then they are given up. */
export const notifying = (): ActivityInterfaceFor<Pick<ControlActivities, 'notify'>> =>
  proxyActivities<Pick<ControlActivities, 'notify'>>({
    startToCloseTimeout: '15 seconds',
    scheduleToCloseTimeout: '5 minutes',
    retry: { initialInterval: '1 second', backoffCoefficient: 3, maximumInterval: '1 minute', maximumAttempts: 6 },
    taskQueue: queues().control,
  });

/** For a look that an ending publish does not wait long for. */
export const controlBriefly = (): ActivityInterfaceFor<ControlActivities> =>
  proxyActivities<ControlActivities>({ ...lasting, scheduleToCloseTimeout: '30 seconds', taskQueue: queues().control });

/** What re-validation does, on the same queue. A Hub that is away for so long is told of, and the next night looks again. */
export const revalidation = (): ActivityInterfaceFor<RevalidateActivities> =>
  proxyActivities<RevalidateActivities>({ ...lasting, scheduleToCloseTimeout: '6 hours', taskQueue: queues().control });

/** Some targets may have terabytes to read. */
export const readingBack = (): ActivityInterfaceFor<Pick<RevalidateActivities, 'readBackTargets'>> =>
  proxyActivities<Pick<RevalidateActivities, 'readBackTargets'>>({
    ...lasting,
    scheduleToCloseTimeout: '5 days',
    taskQueue: queues().control,
  });

/** What a campaign does, on the same queue. */
export const campaign = (): ActivityInterfaceFor<CampaignActivities> =>
  proxyActivities<CampaignActivities>({ ...lasting, taskQueue: queues().control });

/** Follows publishes for days: on the queue of those who wait. */
export const campaignWaiting = (): ActivityInterfaceFor<Pick<CampaignActivities, 'followPublishes'>> =>
  proxyActivities<Pick<CampaignActivities, 'followPublishes'>>({ ...lasting, taskQueue: queues().waiting });

export const waiting = (): ActivityInterfaceFor<WaitingActivities> =>
  proxyActivities<WaitingActivities>({ ...lasting, taskQueue: queues().waiting });

/** Facts of a high-memory host: when none answers in two minutes, the plan says so. */
export const light = (): ActivityInterfaceFor<LightActivities> =>
  proxyActivities<LightActivities>({ ...lasting, scheduleToCloseTimeout: '2 minutes', taskQueue: queues().light });

/** A claim goes round the hosts until one can take it. */
export const claims = (): ActivityInterfaceFor<ClaimActivities> =>
  proxyActivities<ClaimActivities>({ ...lasting, taskQueue: queues().claims });

/** The same for what is published, which waits as long for a host as for its filing. */
export const briefClaims = (): ActivityInterfaceFor<ClaimActivities> =>
  proxyActivities<ClaimActivities>({ ...lasting, scheduleToCloseTimeout: FILING, taskQueue: queues().claims });

/** The heavy steps of one host. They have no schedule-to-start timeout: the host may be off for days. */
export const onHost = (hostId: string): ActivityInterfaceFor<HostActivities> =>
  proxyActivities<HostActivities>({ ...lasting, taskQueue: hostQueue(workflowInfo().taskQueue, hostId) });

/** Takes a slot again on the host that already holds what this artifact has built. */
export const claimOn = (hostId: string): ActivityInterfaceFor<ClaimActivities> =>
  proxyActivities<ClaimActivities>({ ...lasting, taskQueue: hostQueue(workflowInfo().taskQueue, hostId) });

/** What is published waits this long for its collection, not for days. */
export const filingOn = (hostId: string): ActivityInterfaceFor<HostActivities> =>
  proxyActivities<HostActivities>({
    ...lasting,
    scheduleToCloseTimeout: FILING,
    taskQueue: hostQueue(workflowInfo().taskQueue, hostId),
  });

/** Best effort: a publish does not wait for a host that is off. */
export const releaseOn = (hostId: string): ActivityInterfaceFor<HostActivities> =>
  proxyActivities<HostActivities>({
    ...lasting,
    scheduleToCloseTimeout: '1 minute',
    taskQueue: hostQueue(workflowInfo().taskQueue, hostId),
  });
