import { once } from 'node:events';
import { relative, resolve } from 'node:path';
import { SwpError } from '../../core/error.js';
import { NAMED_FAULTS } from '../../dev/hub/named-faults.js';
import { parseFault } from '../../dev/hub/parse-fault.js';
import { DEMO } from '../../dev/sandbox/seed.js';
import { startSandbox } from '../../dev/sandbox/sandbox.js';
import { readSettings } from '../../settings/settings.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

export interface DevOptions {
  readonly directory: string;
  readonly port: number;
  readonly uiPort: number;
  readonly hubPort: number;
  /** Names of faults, or `help`. */
  readonly fault?: readonly string[];
}

const listFaults = ({ out }: Context): ExitCode => {
  const faults = [...NAMED_FAULTS].map(([name, { about, operation, bytes }]) => ({
    name,
    about,
    operation,
    ...(bytes === undefined ? {} : { bytes }),
  }));
  const width = Math.max(...faults.map(({ name }) => name.length));
  out.data({ faults }, () =>
    [
      ...faults.map(({ name, about, bytes }) => `${name.padEnd(width)}  ${about}${bytes === undefined ? '' : `; default: ${bytes}`}`),
      '',
      'NAME disturbs the first request of its kind, NAME@3 the third, NAME@3+ the third and all later ones, NAME@c2 all',
      'of them on the second connection. NAME@3:1MiB also sets the number of bytes.',
    ].join('\n'),
  );
  return EXIT.ok;
};

/** Starts the sandbox and runs it until Ctrl-C. The next start keeps its publishes. */
export const dev = async (options: DevOptions, context: Context): Promise<ExitCode> => {
  if (options.fault?.includes('help') === true) return listFaults(context);
  const faults = (options.fault ?? []).map(parseFault);
  // Check the settings now: the workers would reject them only after everything else runs.
  readSettings(context.env);
  const directory = resolve(context.cwd, options.directory);
  const sandbox = await startSandbox({
    directory,
    ports: { temporal: options.port, ui: options.uiPort, hub: options.hubPort },
    env: context.env,
    faults,
    note: (line) => context.out.note(line),
  });
  try {
    context.out.data({ settings: sandbox.settings, ui: sandbox.temporal.uiUrl, metrics: sandbox.metrics, entry: DEMO.entry }, () =>
      [
        `Temporal   ${sandbox.temporal.address}`,
        `Web UI     ${sandbox.temporal.uiUrl ?? 'none'}`,
        `Local hub  ${sandbox.hub.url}`,
        ...sandbox.metrics.map((address) => `Metrics    http://${address}/metrics`),
        `Logs       ${relative(context.cwd, directory)}/*.log`,
        '',
        'In another terminal:',
        `  . ${relative(context.cwd, directory)}/env`,
        `  npx swp start ${DEMO.entry}`,
        '',
        'Ctrl-C stops everything.',
      ].join('\n'),
    );
    const stopped = once(context.signal, 'abort').then(() => null);
    const ended = await Promise.race([sandbox.broken, stopped]);
    if (ended !== null)
      throw new SwpError('unavailable', 'dev/part-ended', `${ended.name} ended unexpectedly, with exit code ${ended.code}.`, {
        hint: `See the logs: ${relative(context.cwd, directory)}/*.log`,
      });
    return EXIT.ok;
  } finally {
    context.out.note('Stopping the sandbox.');
    await sandbox.close();
  }
};
