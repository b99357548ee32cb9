import { DefaultLogger, Runtime } from '@temporalio/worker';
import pino, { type Logger } from 'pino';
import { messageOf, SwpError } from '../core/error.js';
import type { Redact } from '../core/redact.js';
import { BUCKETS } from './observe/metrics.js';
import { Repeats } from './observe/repeats.js';

/** What the SDK calls what we call otherwise. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ['workflowId', 'workflow'],
  ['workflowRunId', 'run'],
  ['activityType', 'step'],
]);

/** The fields of a line beside `level`, `time`, `pid`, `hostname`, `name` and `msg`; the SDK's own others are left out. */
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
 * One line of JSON an event, on stderr: stdout is for data. No line holds a secret, wherever it came from: they are
 * looked for in the finished line.
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

/** Lines of the SDK's native core; their `target` is a module of its own. */
const isCores = (meta: Readonly<Record<string, unknown>>): boolean => meta['sdkComponent'] === 'core';

/** The documented fields of what the SDK tells of a line. */
export const fieldsOf = (meta: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const named = Object.entries(meta).map(([name, value]) => [RENAMED.get(name) ?? name, value] as const);
  return Object.fromEntries(
    named
      .filter(([name, value]) => KNOWN.has(name) && value !== undefined && !(name === 'target' && isCores(meta)))
      .map(([name, value]) => [name, value instanceof Error ? messageOf(value) : value]),
  );
};

/** A worker of activities alone is what we want there; and how a step failed is told with its code by ourselves. */
const isRedundant = (message: string): boolean => message.startsWith('No workflows registered') || message === 'Activity failed';
/** The SDK says of every step and workflow that it began and ended. */
const isOurs = (meta: Readonly<Record<string, unknown>>): boolean => meta['sdkComponent'] === 'activity';

interface Entry {
  readonly level: string;
  readonly message: string;
  readonly meta?: Readonly<Record<string, unknown>> | undefined;
}

/** Hands on what the SDK says, what its core repeats once a minute. */
export const forward = (logger: Logger): ((entry: Entry) => void) => {
  const repeats = new Repeats();
  return ({ level, message, meta = {} }) => {
    if (isRedundant(message)) return;
    const repeated = isCores(meta) ? repeats.heldBack(message, performance.now()) : 0;
    if (repeated === null) return;
    const fields = { ...fieldsOf(meta), ...(repeated === 0 ? {} : { repeated }) };
    if (level === 'ERROR') logger.error(fields, message);
    else if (level === 'WARN') logger.warn(fields, message);
    else if (level === 'INFO' && isOurs(meta)) logger.info(fields, message);
    else logger.debug(fields, message);
  };
};

/**
 * Sends the SDK's own lines through our logger, and its metrics to a port. Without it the native core prints to
 * stdout. Once a process, before any connection.
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
    throw new SwpError('invalid', 'worker/metrics-port', `No metrics can be served on ${metrics}.`, {
      cause: error,
      hint: 'Set SWP_METRICS to a port of its own for each worker of this machine, or unset it.',
    });
  }
};

/** Names and units as Prometheus' own conventions have them. */
const PROMETHEUS = { countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true, histogramBucketOverrides: BUCKETS };
