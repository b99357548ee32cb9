import { DefaultLogger, Runtime } from '@temporalio/worker';
import pino, { type Logger } from 'pino';
import { messageOf, SwpError } from '../core/error.js';
import type { Redact } from '../core/redact.js';
import { BUCKETS } from './observe/metrics.js';
import { Repeats } from './observe/repeats.js';

/** The SDK's names of log fields, with the names that SWP uses for them. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ['workflowId', 'workflow'],
  ['workflowRunId', 'run'],
  ['activityType', 'step'],
]);

/** The fields of a line beside `level`, `time`, `pid`, `hostname`, `name` and `msg`; other fields of the SDK are left out. */
export const LOG_FIELDS = [
  ...RENAMED.values(),
  'entry',
  'target',
  'stage',
  'host',
  'attempt',
  'outcome',
  'durationMs',
  'code',
  'reason',
  'waitMs',
  'repeated',
  'error',
  'stack',
];
const KNOWN: ReadonlySet<string> = new Set(LOG_FIELDS);

interface Destination {
  readonly write: (line: string) => void;
}

/**
 * Creates a logger that writes one line of JSON per event to stderr: stdout is for data. No line holds a secret from any
 * origin, because the finished line is redacted.
 */
export const makeLogger = (
  role: string,
  level: string,
  redact: Redact,
  destination: Destination = pino.destination({ fd: 2, sync: true }),
): Logger =>
  pino(
    { name: `swp-${role}`, level, formatters: { level: (label) => ({ level: label }) } },
    { write: (line: string) => destination.write(redact(line)) },
  );

/** Returns true for a line of the SDK's native core, whose `target` is one of the core's modules. */
const isFromCore = (meta: Readonly<Record<string, unknown>>): boolean => meta['sdkComponent'] === 'core';

/** Returns the documented fields of the SDK's metadata for a line. */
export const fieldsOf = (meta: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const named = Object.entries(meta).map(([name, value]) => [RENAMED.get(name) ?? name, value] as const);
  return Object.fromEntries(
    named
      .filter(([name, value]) => KNOWN.has(name) && value !== undefined && !(name === 'target' && isFromCore(meta)))
      .map(([name, value]) => [name, value instanceof Error ? messageOf(value) : value]),
  );
};

/**
 * Returns true for lines to drop: a worker without workflows is intended, and SWP logs a failed step itself, with its
 * code.
 */
const isRedundant = (message: string): boolean => message.startsWith('No workflows registered') || message === 'Activity failed';
/** Returns true for a line that a step logged itself. The SDK also logs the start and end of every step and workflow. */
const isOurs = (meta: Readonly<Record<string, unknown>>): boolean => meta['sdkComponent'] === 'activity';

interface Entry {
  readonly level: string;
  readonly message: string;
  readonly meta?: Readonly<Record<string, unknown>> | undefined;
}

/** Forwards the lines of the SDK to the logger. A line that its core repeats passes once a minute. */
export const forward = (logger: Logger): ((entry: Entry) => void) => {
  const repeats = new Repeats();
  return ({ level, message, meta = {} }) => {
    if (isRedundant(message)) return;
    const repeated = isFromCore(meta) ? repeats.heldBack(message, performance.now()) : 0;
    if (repeated === null) return;
    const fields = { ...fieldsOf(meta), ...(repeated === 0 ? {} : { repeated }) };
    if (level === 'ERROR') logger.error(fields, message);
    else if (level === 'WARN') logger.warn(fields, message);
    else if (level === 'INFO' && isOurs(meta)) logger.info(fields, message);
    else logger.debug(fields, message);
  };
};

/**
 * Sends the SDK's own lines through our logger, and serves its metrics on a port. Without it the native core prints to
 * stdout. Call it once per process, before any connection.
 *
 * @param metrics `address:port` to listen on; null for none
 * @throws SwpError `worker/metrics-port`
 */
export const installRuntime = (logger: Logger, metrics: string | null = null): void => {
  try {
    Runtime.install({
      logger: new DefaultLogger('DEBUG', forward(logger)),
      telemetryOptions: {
        logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} },
        ...(metrics === null ? {} : { metrics: { prometheus: { bindAddress: metrics, ...PROMETHEUS } } }),
      },
      shutdownSignals: [],
    });
  } catch (error) {
    if (metrics === null) throw error;
    throw new SwpError('invalid', 'worker/metrics-port', `Cannot serve metrics on ${metrics}.`, {
      cause: error,
      hint: 'Give each worker of this machine its own port in SWP_METRICS, or unset it.',
    });
  }
};

/** Names and units follow the conventions of Prometheus. */
const PROMETHEUS = { countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true, histogramBucketOverrides: BUCKETS };
