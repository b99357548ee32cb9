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

/** The activities that each shared task queue serves. */
interface Served {
  readonly control: ControlActivities & RevalidateActivities & Omit<CampaignActivities, 'followPublishes'>;
  readonly waiting: WaitingActivities & Pick<CampaignActivities, 'followPublishes'>;
  readonly light: LightActivities;
  readonly claims: ClaimActivities;
}

/**
 * Activities retry transient failures themselves, without a limit. Temporal retries only after a worker has crashed, which a
 * missing heartbeat shows. A result over the payload limit is not retried: it would fail forever. Steps have no
 * schedule-to-start timeout: a host may be off for days.
 */
const UNLIMITED: ActivityOptions = {
  startToCloseTimeout: '30 days',
  heartbeatTimeout: '15 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '5 minutes', nonRetryableErrorTypes: ['PayloadsTooLarge'] },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
};

const within = (scheduleToCloseTimeout: NonNullable<ActivityOptions['scheduleToCloseTimeout']>): ActivityOptions => ({
  ...UNLIMITED,
  scheduleToCloseTimeout,
});

/** Options of the activities with a time limit. */
export const LIMITS = {
  /** Six attempts within five minutes, then no more. */
  notification: {
    startToCloseTimeout: '15 seconds',
    scheduleToCloseTimeout: '5 minutes',
    retry: { initialInterval: '1 second', backoffCoefficient: 3, maximumInterval: '1 minute', maximumAttempts: 6 },
  },
  /** A publish that ends must not wait long for the Hub. */
  lastLook: within('30 seconds'),
  /** If no high-memory host answers, the plan says so. */
  probe: within('2 minutes'),
  /** A publish does not wait for a host that is off. */
  freeHost: within('1 minute'),
  /** A published target must not wait for days for its collection. */
  collecting: within('10 minutes'),
  /** If the Hub is away for longer, the run fails with a notification, and the next night checks again. */
  revalidation: within('6 hours'),
  /** Targets may hold terabytes. */
  readBack: within('5 days'),
} as const satisfies Readonly<Record<string, ActivityOptions>>;

/** Returns the activities of a task queue that several workers may poll. */
export const on = <Q extends keyof Served>(queue: Q, options: ActivityOptions = UNLIMITED): ActivityInterfaceFor<Served[Q]> =>
  proxyActivities<Served[Q]>({ ...options, taskQueue: queuesOf(workflowInfo().taskQueue)[queue] });

/** Returns the activities of one high-memory host. */
export const onHost = (hostId: string, options: ActivityOptions = UNLIMITED): ActivityInterfaceFor<HostActivities & ClaimActivities> =>
  proxyActivities<HostActivities & ClaimActivities>({ ...options, taskQueue: hostQueue(workflowInfo().taskQueue, hostId) });
