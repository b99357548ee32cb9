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
      ...faults.map(({ name, about, bytes }) => `${name.padEnd(width)}  ${about}${bytes === undefined ? '' : `; ${bytes} when not given`}`),
      '',
      'NAME strikes the first such request, NAME@3 the third, NAME@3+ the third and all after it, NAME@c2 every one',
      'of the second connection, NAME@3:1MiB sets the bytes.',
    ].join('\n'),
  );
  return EXIT.ok;
};

/** Starts the sandbox and keeps it until Ctrl-C; what was published in it is there again next time. */
export const dev = async (options: DevOptions, context: Context): Promise<ExitCode> => {
  if (options.fault?.includes('help') === true) return listFaults(context);
  const faults = (options.fault ?? []).map(parseFault);
  // Both workers would refuse what is wrong, but only once everything else runs.
  readSettings(context.env);
  const directory = resolve(context.cwd, options.directory);
  const world = await startSandbox({
    directory,
    ports: { temporal: options.port, ui: options.uiPort, hub: options.hubPort },
    env: context.env,
    faults,
    note: (line) => context.out.note(line),
  });
  try {
    context.out.data({ settings: world.settings, ui: world.temporal.uiUrl, metrics: world.metrics, entry: DEMO.entry }, () =>
      [
        `Temporal   ${world.temporal.address}`,
        `Web UI     ${world.temporal.uiUrl ?? 'none'}`,
        `Local hub  ${world.hub.url}`,
        ...world.metrics.map((address) => `Metrics    http://${address}/metrics`),
        `Logs       ${relative(context.cwd, directory)}/*.log`,
        '',
        'In another terminal:',
        `  . ${relative(context.cwd, directory)}/env`,
        `  npx swp start ${DEMO.entry}`,
        '',
        'Ctrl-C ends it all.',
      ].join('\n'),
    );
    const stopped = once(context.signal, 'abort').then(() => null);
    const ended = await Promise.race([world.broken, stopped]);
    if (ended !== null)
      throw new SwpError('unavailable', 'dev/part-ended', `${ended.name} ended by itself, with code ${ended.code}.`, {
        hint: `Look into ${relative(context.cwd, directory)}/*.log`,
      });
    return EXIT.ok;
  } finally {
    context.out.note('Stopping the sandbox.');
    await world.close();
  }
};
