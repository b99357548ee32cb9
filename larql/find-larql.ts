import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { SwpError } from '../core/error.js';
import { hashFile } from '../core/files.js';
import type { Sha256 } from '../core/ids.js';
import type { Files } from '../core/machine.js';

/** The program that extracts, identified by its bytes: its version does not distinguish builds. */
export interface LarqlProgram {
  readonly path: string;
  readonly sha256: Sha256;
}

const isExecutable = async (files: Files, path: string): Promise<boolean> => {
  try {
    await files.access(path, files.constants.X_OK);
    return (await files.stat(path)).isFile();
  } catch {
    return false;
  }
};

const locate = async (files: Files, env: NodeJS.ProcessEnv): Promise<string | null> => {
  const named = env['SWP_LARQL'];
  if (named !== undefined && named !== '') {
    const path = resolve(named);
    if (await isExecutable(files, path)) return path;
    throw new SwpError('invalid', 'larql/not-executable', `SWP_LARQL does not name an executable program: ${path}.`, {
      hint: 'Set it to the path of the larql executable, or unset it to use the one on PATH.',
    });
  }
  // A relative directory would name a different program in every working directory.
  for (const directory of (env['PATH'] ?? '').split(delimiter).filter(isAbsolute)) {
    const path = join(directory, 'larql');
    if (await isExecutable(files, path)) return path;
  }
  return null;
};

/**
 * Returns the larql of this machine: the one in `SWP_LARQL`, otherwise the first on `PATH`; null if there is none.
 *
 * @throws SwpError `larql/not-executable`
 */
export const findLarql = async (files: Files, env: NodeJS.ProcessEnv): Promise<LarqlProgram | null> => {
  const path = await locate(files, env);
  return path === null ? null : { path, sha256: await hashFile(files, path) };
};
