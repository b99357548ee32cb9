import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../temporal/project.js';
import { setBehaviour, type BehaviourInput } from './behaviour.js';
import { STAND_IN_MARKER } from '../../larql/stand-in.js';

/** Not named `larql`: if its directory is on PATH by mistake, it must not be used as larql. */
const LAUNCHER = 'larql-stand-in';

/** Passes the launcher's directory to the program. The launcher sets it, since SWP passes hardly any environment to larql. */
export const LAUNCHER_DIRECTORY = 'SWP_STAND_IN_DIRECTORY';

const quoted = (path: string): string => `'${path.replaceAll("'", String.raw`'\''`)}'`;

/** Writes a launcher of the stand-in into a directory and returns its path, for `SWP_LARQL` in tests. */
export const installStandIn = async (directory: string, behaviour: BehaviourInput = {}): Promise<string> => {
  await mkdir(directory, { recursive: true });
  await setBehaviour(directory, behaviour);
  const program = join(projectRoot(), 'dist', 'dev', 'larql', 'main.js');
  const launcher = join(directory, LAUNCHER);
  const script = [
    '#!/bin/sh',
    `# ${STAND_IN_MARKER}`,
    `${LAUNCHER_DIRECTORY}="\${0%/*}" exec ${quoted(process.execPath)} ${quoted(program)} "$@"`,
  ];
  await writeFile(launcher, `${script.join('\n')}\n`, { mode: 0o755 });
  return launcher;
};
