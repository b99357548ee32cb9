import { join } from 'node:path';
import { readTextIfThere, writeAtomic } from '../../core/files.js';
import { canonicalJson } from '../../core/digests.js';
import { BuildEnvironment } from '../../plan/provenance.js';

const FILE = 'environment.json';

/** Notes beside what was computed on what that was; whoever uses it again later says so too. */
export const writeEnvironment = (directory: string, environment: BuildEnvironment): Promise<void> =>
  writeAtomic(join(directory, FILE), `${canonicalJson(environment)}\n`);

/** Null where nothing was computed, or by a version that did not note it. */
export const readEnvironment = async (directory: string): Promise<BuildEnvironment | null> => {
  const text = await readTextIfThere(join(directory, FILE));
  return text === '' ? null : BuildEnvironment.parse(JSON.parse(text));
};
