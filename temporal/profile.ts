import { once } from 'node:events';
import { connect } from 'node:net';
import { isGrpcServiceError } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { messageOf, SwpError } from '../core/error.js';
import { Secret } from '../core/secret.js';

type LoadedOptions = ReturnType<typeof loadClientConnectConfig>['connectionOptions'];

/** Options that a client's and a worker's connection both take. */
export interface TemporalConnectionOptions {
  readonly address: string;
  readonly tls?: NonNullable<LoadedOptions['tls']>;
  readonly apiKey?: string;
  readonly metadata?: NonNullable<LoadedOptions['metadata']>;
}

export interface TemporalConfig {
  /** `host:port`. */
  readonly address: string;
  /** The variable or the file that names the address. */
  readonly origin: string;
  readonly namespace: string;
  /** Address of its Web UI, without a trailing slash; null if it is unknown. */
  readonly ui: string | null;
  readonly connectionOptions: TemporalConnectionOptions;
}

const DEFAULT_PORT = 7233;

/**
 * Reads `TEMPORAL_*` and `temporal.toml` as the `temporal` CLI does.
 *
 * @throws SwpError `temporal/config` for an unknown profile or an invalid file
 */
export const readTemporalConfig = (env: NodeJS.ProcessEnv): TemporalConfig => {
  const { connectionOptions, namespace } = load(env);
  const address = withPort(connectionOptions.address ?? 'localhost');
  const { tls, apiKey, metadata } = connectionOptions;
  return {
    address,
    origin: originOf(env, connectionOptions.address),
    namespace: namespace ?? 'default',
    ui: uiFrom(env, address),
    connectionOptions: {
      address,
      ...(tls === undefined || tls === null ? {} : { tls }),
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(metadata === undefined ? {} : { metadata }),
    },
  };
};

const CLOUD = /\.(?:tmprl\.cloud|api\.temporal\.io):\d+$/;

/** Returns the address of the Web UI. The error does not show the configured address: it may hold a password. */
const uiFrom = (env: NodeJS.ProcessEnv, address: string): string | null => {
  const text = env['SWP_TEMPORAL_UI'] ?? '';
  if (text === '') return CLOUD.test(address) ? 'https://cloud.temporal.io' : null;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw new SwpError(
      'invalid',
      'temporal/config',
      'SWP_TEMPORAL_UI must be an address that begins with https:// or http://, without a password.',
    );
  return url.href.replace(/\/$/, '');
};

const originOf = (env: NodeJS.ProcessEnv, address: string | undefined): string => {
  if ((env['TEMPORAL_ADDRESS'] ?? '') !== '') return 'TEMPORAL_ADDRESS';
  return address === undefined ? 'the default' : 'temporal.toml';
};

/** Names of Temporal headers that hold a secret. Other headers hold namespaces and the like. */
const SENT_SECRET = /auth|token|key|secret/i;

/**
 * Returns the secrets that a process with this environment sends to Temporal. Empty if the settings cannot be read,
 * because nothing uses them then.
 */
export const temporalSecretsIn = (env: NodeJS.ProcessEnv): Secret[] => {
  try {
    const { apiKey, metadata } = readTemporalConfig(env).connectionOptions;
    const sent = Object.entries(metadata ?? {}).flatMap(([name, value]) => (SENT_SECRET.test(name) ? [String(value)] : []));
    return [...(apiKey === undefined ? [] : [apiKey]), ...sent].map((text) => new Secret(text));
  } catch (error) {
    // The code that connects with these settings reports the error.
    if (error instanceof SwpError) return [];
    throw error;
  }
};

const load = (env: NodeJS.ProcessEnv): ReturnType<typeof loadClientConnectConfig> => {
  try {
    const overrideEnvVars = Object.fromEntries(
      Object.entries(env).flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, value]])),
    );
    return loadClientConnectConfig({ overrideEnvVars });
  } catch (error) {
    throw new SwpError('invalid', 'temporal/config', `the settings for Temporal cannot be read: ${messageOf(error)}`, {
      cause: error,
      hint: 'Check TEMPORAL_PROFILE, and temporal.toml (TEMPORAL_CONFIG_FILE names another file): `temporal config list` shows its profiles.',
    });
  }
};

const withPort = (address: string): string => (/:\d+$/.test(address) ? address : `${address}:${DEFAULT_PORT}`);

/** Returns true if something accepts TCP connections at `host:port` right now. */
export const isListening = async (address: string, timeoutMs: number): Promise<boolean> => {
  const { hostname, port } = new URL(`tcp://${address}`);
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(timeoutMs) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
};

/** Returns the error for a server that does not answer. */
export const unreachable = ({ address, origin }: Pick<TemporalConfig, 'address' | 'origin'>, why: string, cause?: unknown): SwpError =>
  new SwpError('unavailable', 'temporal/unreachable', `no Temporal server at ${address} (${origin}): ${why}`, {
    cause,
    hint: 'Start one with `swp dev` or `temporal server start-dev`, or set TEMPORAL_ADDRESS (or TEMPORAL_PROFILE) to yours.',
  });

const GRPC_NOT_FOUND = 5;
const GRPC_REFUSALS = [7, 16];

/** Maps an error of the SDK to the reason why the connection cannot be used. */
export const explainConnection = (error: unknown, config: TemporalConfig): SwpError => {
  const { address, namespace } = config;
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code: number | undefined = isGrpcServiceError(cause) ? cause.code : undefined;
  if (code === GRPC_NOT_FOUND) {
    return new SwpError('invalid', 'temporal/no-namespace', `the Temporal server at ${address} has no namespace "${namespace}"`, {
      cause: error,
      hint: `Set TEMPORAL_NAMESPACE to an existing one (\`temporal operator namespace list\`), or create it: temporal operator namespace create --namespace ${namespace}`,
    });
  }
  if (code !== undefined && GRPC_REFUSALS.includes(code)) {
    return new SwpError(
      'access',
      'temporal/access',
      `the Temporal server at ${address} refuses access to namespace "${namespace}": ${messageOf(cause)}`,
      {
        cause: error,
        hint: 'Check TEMPORAL_API_KEY, or the client certificate in TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH.',
      },
    );
  }
  return unreachable(
    config,
    `something listens there, but does not answer as a Temporal server (${messageOf(error)}); check that the TLS settings match the server`,
    error,
  );
};
