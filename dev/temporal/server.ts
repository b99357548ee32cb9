import { createWriteStream } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { messageOf, SwpError } from '../../core/error.js';
import { registerSearchAttributes } from '../../temporal/search-attributes.js';
import { isListening } from '../../temporal/profile.js';
import { supervise, type Supervised } from '../../core/supervise.js';
import { freePort, isPortFree, LOOPBACK } from './ports.js';
import { raiseRetention } from './retention.js';

export interface TemporalServerOptions {
  /** Path of the Temporal CLI. */
  readonly cli: string;
  /** 0 or absent selects a free port. */
  readonly port?: number;
  /** Absent disables the Web UI; 0 selects a free port. */
  readonly uiPort?: number;
  /** Absent keeps all data in memory only. */
  readonly dbFile?: string;
  /** Path of the file to which the server's output is appended. */
  readonly logFile?: string;
}

export interface TemporalServer {
  /** `host:port`. */
  readonly address: string;
  readonly namespace: string;
  readonly uiUrl?: string;
  /** Process id of the server itself. */
  readonly pid: number;
  /** Resolves with the exit code when the server has ended, for any reason. */
  readonly exited: Promise<number>;
  close(): Promise<void>;
}

const NAMESPACE = 'default';
const RETENTION_DAYS = 365;
const START_MS = 30_000;
const POLL_MS = 20;

/** Starts a Temporal server on this machine and prepares it for SWP. It ends with this process, however this process ends. */
export const startTemporalServer = async (options: TemporalServerOptions): Promise<TemporalServer> => {
  const port = await choosePort(options.port ?? 0);
  const uiPort = options.uiPort === undefined ? undefined : await choosePort(options.uiPort);
  const log = options.logFile === undefined ? undefined : createWriteStream(options.logFile, { flags: 'a' });
  const program = supervise(options.cli, serverArguments({ port, uiPort, dbFile: options.dbFile }), {
    // Only the variables that any program needs: the server must not receive tokens.
    env: pick(process.env, ['PATH', 'HOME', 'TMPDIR']),
    onOutput: (text) => log?.write(text),
  });
  const close = async (): Promise<void> => {
    await program.stop();
    log?.end();
  };
  const address = `${LOOPBACK}:${port}`;
  const uiUrl = uiPort === undefined ? undefined : `http://${LOOPBACK}:${uiPort}`;
  try {
    const deadline = Date.now() + START_MS;
    await waitUntil(() => isListening(address, 1000), `listens at ${address}`, program, deadline);
    await prepare(address, deadline);
    // The UI opens its port before it reaches the server, and shows errors until then.
    if (uiUrl !== undefined)
      await waitUntil(() => respondsOk(`${uiUrl}/api/v1/namespaces/${NAMESPACE}`), `shows a Web UI at ${uiUrl}`, program, deadline);
    const pid = await program.started;
    if (pid === undefined) throw startFailure('it ended immediately');
    return { address, namespace: NAMESPACE, ...(uiUrl === undefined ? {} : { uiUrl }), pid, exited: program.exited, close };
  } catch (error) {
    await close();
    throw error;
  }
};

const choosePort = async (wanted: number): Promise<number> => {
  if (wanted === 0) return freePort();
  if (await isPortFree(wanted)) return wanted;
  throw new SwpError('conflict', 'dev/port-taken', `port ${wanted} on ${LOOPBACK} is taken`, {
    hint: 'Perhaps another Temporal server runs: use it (TEMPORAL_ADDRESS), end it, or choose another port.',
  });
};

interface ServerArguments {
  readonly port: number;
  readonly uiPort: number | undefined;
  readonly dbFile: string | undefined;
}

const serverArguments = ({ port, uiPort, dbFile }: ServerArguments): string[] => [
  'server',
  'start-dev',
  '--ip',
  LOOPBACK,
  '--port',
  String(port),
  '--log-level',
  'error',
  ...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort), '--ui-disable-news-fetch']),
  ...(dbFile === undefined
    ? []
    : ['--db-filename', dbFile, '--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL']),
];

const waitUntil = async (ready: () => Promise<boolean>, condition: string, program: Supervised, deadline: number): Promise<void> => {
  let ended = false;
  void program.exited.then(() => (ended = true));
  while (!(await ready())) {
    if (ended) throw startFailure(program.output());
    if (Date.now() > deadline) throw startFailure(`nothing ${condition} after ${START_MS / 1000} s`);
    await delay(POLL_MS);
  }
};

const respondsOk = (url: string): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(2000) }).then(
    (response) => response.ok,
    () => false,
  );

/** Waits for the namespace, which is usable later than the port. Then registers our search attributes and sets a retention of a year. */
const prepare = async (address: string, deadline: number): Promise<void> => {
  const connection = await Connection.connect({ address, connectTimeout: START_MS });
  try {
    await waitForNamespace(connection, deadline);
    await registerSearchAttributes(connection, NAMESPACE);
    // The dev server's default is one day, after which closed publishes would disappear.
    await raiseRetention(connection, NAMESPACE, RETENTION_DAYS);
  } finally {
    await connection.close();
  }
};

const waitForNamespace = async (connection: Connection, deadline: number): Promise<void> => {
  for (;;) {
    try {
      await connection.withDeadline(deadline, () => connection.workflowService.describeNamespace({ namespace: NAMESPACE }));
      return;
    } catch (error) {
      if (Date.now() > deadline) throw startFailure(`its namespace cannot be used: ${messageOf(error)}`);
      await delay(POLL_MS);
    }
  }
};

const startFailure = (why: string): SwpError =>
  new SwpError('unavailable', 'dev/temporal-start', `the Temporal server did not start: ${why}`);

const pick = (env: NodeJS.ProcessEnv, names: readonly string[]): NodeJS.ProcessEnv =>
  Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
