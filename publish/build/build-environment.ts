import { join } from 'node:path';
import { readTextOrEmpty, writeAtomic } from '../../core/files.js';
import { canonicalJson } from '../../core/digests.js';
import type { Machine, Files } from '../../core/machine.js';
import { BuildEnvironment } from '../../plan/provenance.js';

const FILE = 'environment.json';

/**
 * Records the CPU and BLAS beside the files computed on them, so that a later reuse of the files reports the same
 * environment.
 */
export const writeEnvironment = (machine: Machine, directory: string, environment: BuildEnvironment): Promise<void> =>
  writeAtomic(machine, join(directory, FILE), `${canonicalJson(environment)}\n`);

/** Reads the recorded environment; null if nothing was computed, or if an older version computed it without a record. */
export const readEnvironment = async (files: Files, directory: string): Promise<BuildEnvironment | null> => {
  const text = await readTextOrEmpty(files, join(directory, FILE));
  return text === '' ? null : BuildEnvironment.parse(JSON.parse(text));
};
