import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { Runtime, type Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import { openScratch, parentWarning } from '../publish/scratch/open-scratch.js';
import { Pace } from '../core/pace.js';
import type { Redact } from '../core/redact.js';
import { hubConfigFromEnv, withToken } from '../hub/config.js';
import { connectWorker } from './connection.js';
import { createControlWorkers } from './control.js';
import { createHighmemWorkers } from './highmem.js';
import { createMetrics } from './observe/metrics.js';
import { watchStages } from './observe/watch-stages.js';
import { runWorkers } from './run.js';
import { lockScratch } from '../publish/scratch/lock-scratch.js';
import { readSettings } from '../settings/settings.js';
import { releaseRegularly } from './sweep.js';

export const WORKER_ROLES = ['control', 'highmem'] as const;
export type WorkerRole = (typeof WORKER_ROLES)[number];

export interface ServeParts {
  readonly role: WorkerRole;
  readonly env: NodeJS.ProcessEnv;
  readonly logger: Logger;
  /** Takes the secrets of this process out of a text. */
  readonly redact: Redact;
  /** Aborts to stop: what is held ends at its next boundary. */
  readonly stop: AbortSignal;
  /** Told once the worker polls. */
  readonly onReady: (ready: {
    readonly role: WorkerRole;
    readonly address: string;
    readonly namespace: string;
    readonly host: string | null;
  }) => void;
}

/** The bundle that the build makes; from sources there is none and the SDK bundles at start. */
const workflowCode = (): { workflowBundle: { codePath: string } } | { workflowsPath: string } => {
  const bundle = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));
  return existsSync(bundle)
    ? { workflowBundle: { codePath: bundle } }
    : { workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)) };
};

/** Runs workers, and beside them something that ends when they have ended. */
const runBeside = async (workers: readonly Worker[], stop: AbortSignal, run: (over: AbortSignal) => Promise<void>): Promise<void> => {
  const over = new AbortController();
  const running = run(AbortSignal.any([stop, over.signal]));
  try {
    await runWorkers(workers, stop);
  } finally {
    over.abort();
    await running;
  }
};

const serveControl = async ({ env, logger, redact, stop, onReady }: ServeParts): Promise<void> => {
  const settings = readSettings(env);
  const { connection, namespace, address } = await connectWorker(env);
  try {
    const hub = { ...hubConfigFromEnv(env), redact };
    const workers = await createControlWorkers({ connection, namespace, settings, hub, workflows: workflowCode() });
    onReady({ role: 'control', address, namespace, host: null });
    if (settings.metrics === null) return await runWorkers(workers, stop);
    await runBeside(workers, stop, (over) =>
      watchStages({
        count: async (query) => (await new Client({ connection, namespace }).workflow.count(query)).count,
        taskQueue: settings.taskQueue,
        publishes: createMetrics(Runtime.instance().metricMeter).publishes,
        logger,
        stop: over,
      }),
    );
  } finally {
    await connection.close();
  }
};

const serveHighmem = async ({ env, logger, redact, stop, onReady }: ServeParts): Promise<void> => {
  const settings = readSettings(env);
  // larql and libraries name no mode for what they write: whatever lies in scratch is for this user alone.
  process.umask(0o077);
  const unlock = await lockScratch(await openScratch(settings.scratch));
  try {
    const warning = await parentWarning(settings.scratch);
    if (warning !== null) logger.warn(warning);
    const { connection, namespace, address } = await connectWorker(env);
    try {
      const own = { ...hubConfigFromEnv(env), redact };
      const writeHub = settings.uploadRate === null ? own : { ...own, uploadPace: new Pace(settings.uploadRate) };
      const sourceHub = settings.sourceToken === null ? own : withToken(own, settings.sourceToken);
      const { workers, host, claims } = await createHighmemWorkers({
        connection,
        namespace,
        settings,
        writeHub,
        sourceHub,
        shouldStop: () => stop.aborted,
        env,
      });
      onReady({ role: 'highmem', address, namespace, host });
      await runBeside(workers, stop, (over) => releaseRegularly(new Client({ connection, namespace }), claims, { logger, stop: over }));
    } finally {
      await connection.close();
    }
  } finally {
    unlock();
  }
};

/** Runs one worker process of a role until it is told to stop. */
export const serve = (parts: ServeParts): Promise<void> => (parts.role === 'control' ? serveControl(parts) : serveHighmem(parts));
