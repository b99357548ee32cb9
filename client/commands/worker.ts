import { SwpError } from '../../core/error.js';
import { redactor } from '../../core/redact.js';
import { installRuntime, makeLogger } from '../../worker/logging.js';
import { isLoopback } from '../../settings/metrics-address.js';
import { secretsIn } from '../../settings/secrets.js';
import { temporalSecretsIn } from '../../temporal/profile.js';
import { serve, WORKER_ROLES, type WorkerRole } from '../../worker/serve.js';
import { readSettings } from '../../settings/settings.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

const isRole = (role: string): role is WorkerRole => WORKER_ROLES.some((known) => known === role);

/** Runs a worker until Ctrl-C or SIGTERM. Its running steps then stop at their next boundary. */
export const worker = async (
  { role, limitRate }: { readonly role: string; readonly limitRate?: string },
  context: Context,
): Promise<ExitCode> => {
  if (!isRole(role))
    throw new SwpError('usage', 'client/unknown-role', `There is no ${role} worker.`, {
      hint: `Choose one of: ${WORKER_ROLES.join(', ')}.`,
    });
  const env = limitRate === undefined ? context.env : { ...context.env, SWP_LIMIT_RATE: limitRate };
  const { logLevel, metrics } = readSettings(env);
  const redact = redactor([...secretsIn(env), ...temporalSecretsIn(env)]);
  const logger = makeLogger(role, logLevel, redact);
  installRuntime(logger, metrics);
  if (metrics !== null && !isLoopback(metrics))
    logger.warn(
      `Everyone who can reach ${metrics} can read the metrics there without a login. They contain the names of queues and namespaces.`,
    );
  await serve({
    role,
    env,
    logger,
    redact,
    stop: context.signal,
    onReady: (ready) => {
      logger.info(ready, 'polling');
      context.out.data(
        { ready },
        () =>
          `${role} worker polls ${ready.address}, namespace ${ready.namespace}${ready.host === null ? '' : `, as host ${ready.host}`}. Ctrl-C stops it.`,
      );
    },
  });
  return EXIT.ok;
};
