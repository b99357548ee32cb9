import { DefaultLogger, Runtime } from '@temporalio/worker';
import pino, { type Logger } from 'pino';

/** One line of JSON an event, on stderr: stdout is for data. */
export const makeLogger = (role: string, level: string): Logger =>
  pino({ name: `swp-${role}`, level, formatters: { level: (label) => ({ level: label }) } }, pino.destination({ fd: 2, sync: true }));

/**
 * Sends the SDK's own lines through our logger. Without it the native core prints to stdout.
 * Once a process, before any connection.
 */
export const installRuntime = (logger: Logger): void => {
  Runtime.install({
    logger: new DefaultLogger('INFO', ({ level, message, meta }) => {
      // A worker of activities alone is what we want there.
      if (message.startsWith('No workflows registered')) return;
      const fields = {
        ...(typeof meta?.['workflowId'] === 'string' ? { workflow: meta['workflowId'] } : {}),
        ...(typeof meta?.['activityType'] === 'string' ? { activity: meta['activityType'] } : {}),
      };
      const error: unknown = meta?.['error'];
      const line = error instanceof Error ? { ...fields, error: error.message } : fields;
      if (level === 'ERROR') logger.error(line, message);
      else if (level === 'WARN') logger.warn(line, message);
      else logger.debug(line, message);
    }),
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } },
    shutdownSignals: [],
  });
};
