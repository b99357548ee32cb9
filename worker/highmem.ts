import { Client } from '@temporalio/client';
import { Runtime, Worker, type NativeConnection } from '@temporalio/worker';
import { activityBoundary } from '../activities/boundary.js';
import { createHighmemActivities } from '../activities/highmem.js';
import type { Claims } from '../publish/scratch/claims.js';
import { hostId } from '../publish/scratch/host-id.js';
import { HostLarql } from '../publish/facts/host-larql.js';
import { scratchIn } from '../publish/scratch/scratch-layout.js';
import { scratchParts } from '../publish/scratch/scratch-parts.js';
import { sweepScratch } from '../publish/scratch/sweep-scratch.js';
import { withUploadRate, type Hub } from '../hub/hub.js';
import { hostQueue, queuesOf } from '../contract/names.js';
import type { WorkerSettings } from '../settings/settings.js';
import { GRACE_SECONDS } from './grace.js';
import { HEARTBEAT_INTERVAL } from './heartbeat.js';
import { notifyLongFailures } from './observe/notify-long-failures.js';
import { observeHub } from './observe/observe-hub.js';
import { createMetrics } from './observe/metrics.js';
import { observeSteps } from './observe/observe-steps.js';
import { isOpen } from './free-regularly.js';
import { openWebhook } from './webhook.js';

const BUSY_RETRY_MS = 30_000;
/** Wait of a deferred claim. A few of them pass before a host begins hours of work that another host may have done. */
const DEFER_MS = 1_000;
const LIGHT_SLOTS = 10;
/** Claims limit the heavy work. These slots also run `freeHost`, which must not wait behind it. */
const HOST_SLOTS = 20;

export interface HighmemParts {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly settings: WorkerSettings;
  /** Redacts all secrets of this process. */
  readonly writeHub: Hub;
  readonly sourceHub: Hub;
  readonly shouldStop: () => boolean;
  /** The environment of this process, in which larql is found. */
  readonly env: NodeJS.ProcessEnv;
  /** Wait before a deferred claim is retried, in milliseconds: another host may have done more of its work. */
  readonly deferMs?: number;
  /** False if no other host can have the inputs of a build: this host then defers no claim. True by default. */
  readonly defersClaims?: boolean;
}

/** Creates the high-memory worker: facts and probes, claims, and the heavy steps of this one host. */
export const createHighmemWorkers = async (
  parts: HighmemParts,
): Promise<{ readonly workers: Worker[]; readonly host: string; readonly claims: Claims }> => {
  const { connection, namespace, settings } = parts;
  const metrics = createMetrics(Runtime.instance().metricMeter);
  const redact = parts.writeHub.redact;
  const webhook = openWebhook(settings.webhook, redact);
  const notify = webhook === null ? null : notifyLongFailures(webhook);
  const { machine } = parts.writeHub;
  const layout = scratchIn(settings.scratch);
  const host = await hostId(machine, layout);
  const scratch = scratchParts(machine, layout, settings.slots);
  const client = new Client({ connection, namespace });
  await sweepScratch(scratch, settings.keepMs, (holder) => isOpen(client, holder));
  const activities = createHighmemActivities({
    ...scratch,
    host,
    larql: new HostLarql(machine, parts.env, layout, settings.larql),
    writeHub: observeHub(withUploadRate(parts.writeHub, settings.uploadRate), metrics.hub, notify),
    sourceHub: observeHub(parts.sourceHub, metrics.hub, notify),
    uploadRate: settings.uploadRate,
    targets: settings.targets,
    busyRetryMs: BUSY_RETRY_MS,
    deferMs: parts.deferMs ?? DEFER_MS,
    defersClaims: parts.defersClaims ?? true,
    shouldStop: parts.shouldStop,
  });
  const { probeHost, claimHost, buildArtifact, uploadArtifact, commitArtifact, addToCollection, freeHost } = activities;
  const queues = queuesOf(settings.taskQueue);
  const common = {
    connection,
    namespace,
    interceptors: { activity: [observeSteps(metrics, host), activityBoundary(redact, scratch)] },
    shutdownGraceTime: `${GRACE_SECONDS.highmem}s`,
    maxHeartbeatThrottleInterval: HEARTBEAT_INTERVAL,
  };
  const workers = await Promise.all([
    Worker.create({ ...common, taskQueue: queues.light, activities: { probeHost }, maxConcurrentActivityTaskExecutions: LIGHT_SLOTS }),
    Worker.create({ ...common, taskQueue: queues.claims, activities: { claimHost }, maxConcurrentActivityTaskExecutions: LIGHT_SLOTS }),
    Worker.create({
      ...common,
      taskQueue: hostQueue(settings.taskQueue, host),
      activities: { claimHost, buildArtifact, uploadArtifact, commitArtifact, addToCollection, freeHost },
      maxConcurrentActivityTaskExecutions: HOST_SLOTS,
    }),
  ]);
  return { workers, host, claims: scratch.claims };
};
