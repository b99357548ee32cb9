import { once } from 'node:events';
import { Client, WorkflowFailedError } from '@temporalio/client';
import { Runtime, Worker, type NativeConnection, type WorkflowBundleOption } from '@temporalio/worker';
import { activityBoundary } from '../activities/boundary.js';
import { createControlActivities } from '../activities/control.js';
import { createCampaignActivities } from '../activities/campaign.js';
import { createRevalidateActivities } from '../activities/revalidate.js';
import { readCatalog } from '../catalog/load.js';
import { RateBudget } from '../hub/budget.js';
import { withBudget, withMaxAttempts, type Hub } from '../hub/hub.js';
import { queuesOf } from '../contract/names.js';
import { campaignPublishes } from '../temporal/campaign-publishes.js';
import type { WorkerSettings } from '../settings/settings.js';
import { GRACE_SECONDS } from './grace.js';
import { HEARTBEAT_INTERVAL } from './heartbeat.js';
import { notifyLongFailures } from './observe/notify-long-failures.js';
import { observeHub } from './observe/observe-hub.js';
import { createMetrics } from './observe/metrics.js';
import { observeSteps } from './observe/observe-steps.js';
import { startRepair } from '../temporal/start-repair.js';
import { swpTools } from '../publish/planning/tools.js';
import { openWebhook } from './webhook.js';

/** After a crash, a workflow task waits this long for the dead worker before another worker takes it. */
const STICKY_TIMEOUT = '1s';
/** Steps that wait for a lock only send heartbeats, so a thousand of them fit. */
const WAITING_SLOTS = 1_000;
const LIGHT_SLOTS = 20;
/** Attempts of a request in a step that reads many repositories: after some minutes it continues with the next repository. */
const ATTEMPTS = 9;

const awaitWorkflow =
  (client: Client) =>
  async (id: string, signal: AbortSignal): Promise<void> => {
    const ended = client.workflow
      .getHandle(id)
      .result()
      .then(
        () => undefined,
        (error: unknown) => {
          if (!(error instanceof WorkflowFailedError)) throw error;
        },
      );
    signal.throwIfAborted();
    await Promise.race([ended, once(signal, 'abort')]);
    signal.throwIfAborted();
  };

export interface ControlParts {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly settings: WorkerSettings;
  /** Has a read token, and redacts all secrets of this process. */
  readonly hub: Hub;
  readonly workflowBundle: WorkflowBundleOption;
}

/** Creates the control worker: workflows, light activities, and activities that wait for a target. */
export const createControlWorkers = async (parts: ControlParts): Promise<Worker[]> => {
  const { connection, namespace, settings } = parts;
  const metrics = createMetrics(Runtime.instance().metricMeter);
  const redact = parts.hub.redact;
  const webhook = openWebhook(settings.webhook, redact);
  const hub = observeHub(parts.hub, metrics.hub, webhook === null ? null : notifyLongFailures(webhook));
  const client = new Client({ connection, namespace });
  const {
    planEntry,
    checkPreconditions,
    verifyArtifact,
    findCommit,
    notify,
    awaitWorkflow: wait,
  } = createControlActivities({
    hub,
    tools: swpTools(),
    proveShards: settings.proveShards,
    decideWithinMs: settings.decideWithinMs,
    approvals: settings.approvals,
    notify: async (notification, signal) => {
      await webhook?.notify(notification, signal);
    },
    awaitWorkflow: awaitWorkflow(client),
  });
  const catalog = () => readCatalog({ cwd: process.cwd(), ...(settings.catalogFile === null ? {} : { file: settings.catalogFile }) });
  const revalidation = createRevalidateActivities({
    hub: withBudget(withMaxAttempts(hub, ATTEMPTS), new RateBudget(hub.machine.clock)),
    catalog,
    publishers: settings.publishers,
    startRepair: startRepair(client, settings.taskQueue),
  });
  const { followPublishes, ...campaign } = createCampaignActivities({
    hub: withMaxAttempts(hub, ATTEMPTS),
    tools: swpTools(),
    proveShards: settings.proveShards,
    catalog,
    publishes: campaignPublishes(client, settings.taskQueue),
  });
  const queues = queuesOf(settings.taskQueue);
  const interceptors = { activity: [observeSteps(metrics), activityBoundary(redact)] };
  const common = {
    connection,
    namespace,
    interceptors,
    shutdownGraceTime: `${GRACE_SECONDS.control}s` as const,
    maxHeartbeatThrottleInterval: HEARTBEAT_INTERVAL,
  };
  return Promise.all([
    Worker.create({
      ...common,
      workflowBundle: parts.workflowBundle,
      taskQueue: queues.control,
      activities: { planEntry, checkPreconditions, verifyArtifact, findCommit, notify, ...revalidation, ...campaign },
      maxConcurrentActivityTaskExecutions: LIGHT_SLOTS,
      stickyQueueScheduleToStartTimeout: STICKY_TIMEOUT,
    }),
    Worker.create({
      ...common,
      taskQueue: queues.waiting,
      activities: { awaitWorkflow: wait, followPublishes },
      maxConcurrentActivityTaskExecutions: WAITING_SLOTS,
    }),
  ]);
};
