import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { DefaultLogger, Runtime, type Worker, type WorkflowBundleOption } from '@temporalio/worker';
import type { Logger } from 'pino';
import { THIS_MACHINE } from '../core/this-machine.js';
import { openScratch, parentWarning } from '../publish/scratch/open-scratch.js';
import type { Redact } from '../core/redact.js';
import { hubConfigFromEnv } from '../hub/hub-config.js';
import { openHub, withToken } from '../hub/hub.js';
import { bundleWorkflows } from './bundle-workflows.js';
import { connectWorker } from './connection.js';
import { createControlWorkers } from './control.js';
import { createHighmemWorkers } from './highmem.js';
import { forward } from './logging.js';
import { createMetrics } from './observe/metrics.js';
import { watchStages } from './observe/watch-stages.js';
import { runWorkers } from './run.js';
import { lockScratch } from '../publish/scratch/lock-scratch.js';
import { readSettings } from '../settings/settings.js';
import { freeRegularly } from './free-regularly.js';

export const WORKER_ROLES = ['control', 'highmem'] as const;
export type WorkerRole = (typeof WORKER_ROLES)[number];

export interface ServeParts {
  readonly role: WorkerRole;
  readonly env: NodeJS.ProcessEnv;
  readonly logger: Logger;
  /** Redacts the secrets of this process in a text. */
  readonly redact: Redact;
  /** Aborts to stop the worker: running steps end at their next boundary. */
  readonly stop: AbortSignal;
  /** Called when the worker is about to poll. */
  readonly onReady: (ready: {
    readonly role: WorkerRole;
    readonly address: string;
    readonly namespace: string;
    readonly host: string | null;
  }) => void;
}

/** Returns the workflow bundle of the build. Sources have none, so they are bundled at start. */
const workflowBundle = async (logger: Logger): Promise<WorkflowBundleOption> => {
  const codePath = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));
  if (existsSync(codePath)) return { codePath };
  const sources = fileURLToPath(new URL('../workflows/index.ts', import.meta.url));
  return { code: await bundleWorkflows(sources, new DefaultLogger('WARN', forward(logger))) };
};

/** Runs workers and a background task, which is stopped when the workers have ended. */
const runBeside = async (workers: readonly Worker[], stop: AbortSignal, task: (signal: AbortSignal) => Promise<void>): Promise<void> => {
  const ended = new AbortController();
  const running = task(AbortSignal.any([stop, ended.signal]));
  try {
    await runWorkers(workers, stop);
  } finally {
    ended.abort();
    await running;
  }
};

const serveControl = async ({ env, logger, redact, stop, onReady }: ServeParts): Promise<void> => {
  const settings = readSettings(env);
  const { connection, namespace, address } = await connectWorker(env);
  try {
    const hub = openHub(hubConfigFromEnv(env), THIS_MACHINE, { redact });
    const workers = await createControlWorkers({ connection, namespace, settings, hub, workflowBundle: await workflowBundle(logger) });
    onReady({ role: 'control', address, namespace, host: null });
    if (settings.metrics === null) return await runWorkers(workers, stop);
    await runBeside(workers, stop, (signal) =>
      watchStages({
        count: async (query) => (await new Client({ connection, namespace }).workflow.count(query)).count,
        taskQueue: settings.taskQueue,
        publishes: createMetrics(Runtime.instance().metricMeter).publishes,
        logger,
        stop: signal,
      }),
    );
  } finally {
    await connection.close();
  }
};

const serveHighmem = async ({ env, logger, redact, stop, onReady }: ServeParts): Promise<void> => {
  const settings = readSettings(env);
  // larql and libraries set no mode on the files that they write: only this user may access the files in scratch.
  process.umask(0o077);
  const unlock = await lockScratch(THIS_MACHINE.files, await openScratch(THIS_MACHINE, settings.scratch));
  try {
    const warning = await parentWarning(THIS_MACHINE, settings.scratch);
    if (warning !== null) logger.warn(warning);
    const { connection, namespace, address } = await connectWorker(env);
    try {
      const own = openHub(hubConfigFromEnv(env), THIS_MACHINE, { redact });
      const sourceHub = settings.sourceToken === null ? own : withToken(own, settings.sourceToken);
      const { workers, host, claims } = await createHighmemWorkers({
        connection,
        namespace,
        settings,
        writeHub: own,
        sourceHub,
        shouldStop: () => stop.aborted,
        env,
      });
      onReady({ role: 'highmem', address, namespace, host });
      await runBeside(workers, stop, (signal) => freeRegularly(new Client({ connection, namespace }), claims, { logger, stop: signal }));
    } finally {
      await connection.close();
    }
  } finally {
    unlock();
  }
};

/** Runs one worker process of a role until `stop` aborts. */
export const serve = (parts: ServeParts): Promise<void> => (parts.role === 'control' ? serveControl(parts) : serveHighmem(parts));
