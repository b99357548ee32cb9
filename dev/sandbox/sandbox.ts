import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SwpError } from '../../core/error.js';
import { holderText, lockFile } from '../../core/file-lock.js';
import { THIS_MACHINE } from '../../core/this-machine.js';
import { findLarql } from '../../larql/find-larql.js';
import { startLocalHub, type LocalHub } from '../hub/index.js';
import type { FaultRequest } from '../hub/parse-fault.js';
import { strikeFaults } from '../hub/strike-faults.js';
import { supervise, type Supervised } from '../../core/supervise.js';
import { findTemporalCli } from '../temporal/find.js';
import { startTemporalServer, type TemporalServer } from '../temporal/server.js';
import { metricsAt } from './metrics.js';
import { demoCatalog, DEMO_SETTINGS, DEMO_TOKENS, seedHub } from './seed.js';
import { workerError } from './worker-error.js';

export interface SandboxOptions {
  /** Holds all data: the server's database, the hub's files, scratch and logs. It is kept and reused. */
  readonly directory: string;
  /** Ports of the Temporal server, its Web UI and the hub; 0 selects any free port. */
  readonly ports: { readonly temporal: number; readonly ui: number; readonly hub: number };
  readonly note: (line: string) => void;
  readonly env: NodeJS.ProcessEnv;
  /** Faults to inject into the hub. `note` receives a line each time that one strikes. */
  readonly faults?: readonly FaultRequest[];
}

export interface Sandbox {
  readonly temporal: TemporalServer;
  readonly hub: LocalHub;
  /** Environment variables with which another terminal uses this sandbox; the token among them can only read. */
  readonly settings: Readonly<Record<string, string>>;
  /** `address:port` at which each worker serves metrics; empty if metrics are disabled. */
  readonly metrics: readonly string[];
  /** Resolves when a worker or the Temporal server has ended. */
  readonly broken: Promise<{ readonly name: string; readonly code: number }>;
  close(): Promise<void>;
}

const PART_BYTES = 1 << 20;

const ROLES = ['control', 'highmem'] as const;

/** Starts one worker in its own process, and waits until it reports that it polls. */
const startWorker = async (role: (typeof ROLES)[number], env: NodeJS.ProcessEnv, log: WriteStream): Promise<Supervised> => {
  const main = fileURLToPath(new URL('../../client/main.js', import.meta.url));
  const parts: { worker?: Supervised } = {};
  await new Promise<void>((resolve, reject) => {
    let seen = '';
    const worker = supervise(process.execPath, [main, '--json', 'worker', role], {
      env,
      onOutput: (text) => {
        log.write(text);
        seen = (seen + text).slice(-10_000);
        if (seen.includes('"ready"')) resolve();
      },
    });
    parts.worker = worker;
    void worker.exited.then((code) => reject(workerError(role, code, worker.output())));
  });
  if (parts.worker === undefined) throw new SwpError('internal', 'dev/worker-ended', `The ${role} worker was not started.`);
  return parts.worker;
};

const writeCatalog = async (directory: string, larql: boolean, settings: Readonly<Record<string, string>>): Promise<void> => {
  await writeFile(join(directory, 'catalog.yaml'), demoCatalog(larql));
  await writeFile(join(directory, 'skulk-weights.yaml'), DEMO_SETTINGS);
  const lines = Object.entries(settings).map(([name, value]) => `export ${name}='${value}'`);
  await writeFile(join(directory, 'env'), `${lines.join('\n')}\n`);
};

/**
 * Locks the directory for this process before anything in it is written: files of another process contain that process's ports.
 *
 * @throws SwpError `dev/directory-taken`
 */
const lockDirectory = async (directory: string): Promise<() => void> => {
  const lock = await lockFile(join(directory, 'lock'));
  if ('unlock' in lock) return lock.unlock;
  throw new SwpError('conflict', 'dev/directory-taken', `${holderText(lock.heldBy)} already runs a sandbox in ${directory}.`, {
    hint: 'Use that one, stop it first, or name another directory with --directory.',
  });
};

/** Starts a local sandbox: Temporal with its Web UI, a strict local hub with a checkpoint, and both workers. */
export const startSandbox = async ({ directory, ports, note, env, faults = [] }: SandboxOptions): Promise<Sandbox> => {
  await mkdir(directory, { recursive: true });
  const unlock = await lockDirectory(directory);
  const closers: (() => unknown)[] = [unlock];
  const close = async (): Promise<void> => {
    for (const closer of closers.toReversed()) await closer();
    closers.length = 0;
  };
  try {
    const cli = await findTemporalCli({ env, note });
    const hub = await startLocalHub({
      directory: join(directory, 'hub'),
      port: ports.hub,
      // Small, so that the demonstration's sidecar is uploaded in parts, as a large one is.
      multipartThreshold: PART_BYTES,
      chunkSize: PART_BYTES,
      tokens: [
        { token: DEMO_TOKENS.read, user: 'demo-reader', orgs: ['demo'], role: 'read' },
        { token: DEMO_TOKENS.write, user: 'demo-publisher', orgs: ['demo'], role: 'write' },
      ],
    });
    closers.push(() => hub.close());
    await seedHub(hub);
    const larql = await findLarql(THIS_MACHINE.files, env);
    note(larql === null ? 'larql: none found, so the entry has no vindex' : `larql: ${larql.path}`);
    strikeFaults(hub, faults, note);
    const temporal = await startTemporalServer({
      cli: cli.path,
      port: ports.temporal,
      uiPort: ports.ui,
      dbFile: join(directory, 'temporal.db'),
      logFile: join(directory, 'temporal.log'),
    });
    closers.push(() => temporal.close());
    const settings = {
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: temporal.namespace,
      HF_ENDPOINT: hub.url,
      HF_TOKEN: DEMO_TOKENS.read,
      SWP_CATALOG: join(directory, 'skulk-weights.yaml'),
      ...(temporal.uiUrl === undefined ? {} : { SWP_TEMPORAL_UI: temporal.uiUrl }),
    };
    await writeCatalog(directory, larql !== null, settings);
    const base = { ...env, ...settings };
    const tokens = { control: DEMO_TOKENS.read, highmem: DEMO_TOKENS.write };
    const workers = await Promise.all(
      ROLES.map(async (role, index) => {
        const log = createWriteStream(join(directory, `${role}.log`), { flags: 'a' });
        const worker = await startWorker(
          role,
          {
            ...base,
            HF_TOKEN: tokens[role],
            SWP_SCRATCH: join(directory, 'scratch'),
            SWP_TARGETS: 'demo',
            SWP_SLOTS: '2',
            SWP_METRICS: metricsAt(env['SWP_METRICS'], index),
          },
          log,
        );
        closers.push(async () => {
          await worker.stop();
          log.end();
        });
        return { role, worker };
      }),
    );
    const broken = Promise.race([
      ...workers.map(({ role, worker }) => worker.exited.then((code) => ({ name: `The ${role} worker`, code }))),
      temporal.exited.then((code) => ({ name: 'The Temporal server', code })),
    ]);
    const metrics = ROLES.flatMap((_, index) => metricsAt(env['SWP_METRICS'], index) ?? []);
    return { temporal, hub, settings, metrics, broken, close };
  } catch (error) {
    await close();
    throw error;
  }
};
