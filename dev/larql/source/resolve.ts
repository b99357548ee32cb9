import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LARQL_ERRORS } from '../behaviour.js';
import { LarqlError } from '../failure.js';

const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

const hasWeights = (directory: string): boolean => readdirSync(directory).some((name) => name.endsWith('.safetensors'));

const hubCache = (env: NodeJS.ProcessEnv): string =>
  env['HF_HUB_CACHE'] ?? join(env['HF_HOME'] ?? join(env['HOME'] ?? '.', '.cache', 'huggingface'), 'hub');

/**
 * Returns the directory of a model: a directory of that name, or the first snapshot with weights in the cache, in no particular
 * order and of any revision. Never downloads anything.
 *
 * @throws LarqlError
 */
export const resolveModel = (model: string, env: NodeJS.ProcessEnv): string => {
  if (isDirectory(model)) return model;
  // larql accepts the file as a model, and later fails because it has no tokenizer beside it.
  if (model.endsWith('.gguf') && existsSync(model)) return model;
  const snapshots = join(hubCache(env), `models--${model.replaceAll('/', '--')}`, 'snapshots');
  const found = isDirectory(snapshots) ? readdirSync(snapshots).map((name) => join(snapshots, name)) : [];
  const directories = found.filter((path) => isDirectory(path));
  const chosen = directories.find((path) => hasWeights(path)) ?? directories.findLast((path) => existsSync(join(path, 'config.json')));
  if (chosen === undefined) throw new LarqlError(LARQL_ERRORS.notCached(model));
  return chosen;
};
