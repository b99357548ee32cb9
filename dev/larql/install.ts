import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../temporal/project.js';
import { setBehaviour, type BehaviourInput } from './behaviour.js';
import { STAND_IN_MARKER } from '../../larql/stand-in.js';

/** Not `larql`: a directory of it on PATH by mistake must not make it anyone's larql. */
const LAUNCHER = 'larql-stand-in';

/** How a launcher tells the program where it lies. It sets this itself: whoever runs larql passes next to no environment. */
export const LAUNCHER_DIRECTORY = 'SWP_STAND_IN_DIRECTORY';

const quoted = (path: string): string => `'${path.replaceAll("'", String.raw`'\''`)}'`;

/** Writes a launcher of the stand-in into a directory and returns its path: what `SWP_LARQL` may name in tests and the demo. */
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
