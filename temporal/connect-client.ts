import { setMaxListeners } from 'node:events';
import { Client, Connection } from '@temporalio/client';
import { explainConnection, isListening, readTemporalConfig, unreachable, type TemporalConfig } from './profile.js';

export type { Client };

export interface TemporalClient {
  readonly client: Client;
  readonly connection: Connection;
  readonly namespace: string;
  /** `host:port`. */
  readonly address: string;
  /** Address of its Web UI; null if it is unknown. */
  readonly ui: string | null;
  close(): Promise<void>;
}

export interface ConnectOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Time limit for connecting and for checking the namespace. */
  readonly deadlineMs?: number;
}

/**
 * Connects to the Temporal server that the settings name, and checks that the namespace exists.
 *
 * @throws SwpError `temporal/unreachable`, `temporal/access`, `temporal/no-namespace`, `temporal/config`
 */
export const connectClient = async ({ env = process.env, deadlineMs = 5000 }: ConnectOptions = {}): Promise<TemporalClient> => {
  const deadline = Date.now() + deadlineMs;
  const config = readTemporalConfig(env);
  const { address, namespace } = config;
  // Probe the port first: the SDK takes its full timeout to notice even a refused connection.
  if (!behindProxy(env) && !(await isListening(address, deadlineMs))) throw unreachable(config, 'nothing answers there');
  const connection = await open(config, deadline);
  try {
    await connection.withDeadline(deadline, () => connection.workflowService.describeNamespace({ namespace }));
  } catch (error) {
    await connection.close();
    throw explainConnection(error, config);
  }
  return { client: new Client({ connection, namespace }), connection, namespace, address, ui: config.ui, close: () => connection.close() };
};

/** Runs calls that a signal aborts. The SDK leaves a listener on the signal for each call, so these calls have a signal of their own. */
export const abortable = <T>(client: Client, signal: AbortSignal, run: () => Promise<T>): Promise<T> => {
  const ownSignal = AbortSignal.any([signal]);
  setMaxListeners(0, ownSignal);
  return client.withAbortSignal(ownSignal, run);
};

/** gRPC honours these variables. Behind a proxy, a direct probe of the address says nothing. */
const behindProxy = (env: NodeJS.ProcessEnv): boolean =>
  ['grpc_proxy', 'https_proxy', 'http_proxy'].some((name) => (env[name] ?? '') !== '');

const open = async (config: TemporalConfig, deadline: number): Promise<Connection> => {
  try {
    return await Connection.connect({ ...config.connectionOptions, connectTimeout: Math.max(1, deadline - Date.now()) });
  } catch (error) {
    throw explainConnection(error, config);
  }
};
