import { once } from 'node:events';
import { relative, resolve } from 'node:path';
import { SwpError } from '../../core/error.js';
import { DEMO } from '../../dev/world/seed.js';
import { startWorld } from '../../dev/world/world.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

export interface DevOptions {
  readonly directory: string;
  readonly port: number;
  readonly uiPort: number;
  readonly hubPort: number;
}

/** Starts a whole world and keeps it until Ctrl-C; what was published in it is there again next time. */
export const dev = async (options: DevOptions, context: Context): Promise<ExitCode> => {
  const directory = resolve(context.cwd, options.directory);
  const world = await startWorld({
    directory,
    ports: { temporal: options.port, ui: options.uiPort, hub: options.hubPort },
    env: context.env,
    note: (line) => context.out.note(line),
  });
  try {
    context.out.data({ settings: world.settings, ui: world.temporal.uiUrl, entry: DEMO.entry }, () =>
      [
        `Temporal   ${world.temporal.address}`,
        `Web UI     ${world.temporal.uiUrl ?? 'none'}`,
        `Local hub  ${world.hub.url}`,
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
    context.out.note('Ending the world.');
    await world.close();
  }
};
