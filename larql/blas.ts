import { basename } from 'node:path';
import { hashFile } from '../core/files.js';
import type { Sha256 } from '../core/ids.js';
import type { Machine } from '../core/machine.js';
import type { LarqlProgram } from './find-larql.js';

/** A shared library that the system would load for larql. */
export interface Library {
  readonly name: string;
  readonly sha256: Sha256;
}

/** Matches `libopenblas.so.0 => /usr/lib/…/libopenblas.so.0 (0x…)`, and the BLAS libraries of other vendors. */
const BLAS_LIBRARY = /^\s*(\S*(?:blas|mkl|blis|flame|armpl)\S*) => (\/.*) \(0x[0-9a-f]+\)$/imu;
const TIMEOUT_MS = 10_000;

/**
 * Returns the BLAS library that a larql uses, identified by its bytes: another library may change the last bits of
 * `down_meta.bin`. Returns null if it is unknown: linked into the program, part of the system (macOS), or no `ldd`.
 *
 * @param env the environment of larql, which determines the search path for libraries
 */
export const blasOf = async (
  { clock, files, programs }: Machine,
  program: LarqlProgram,
  env: NodeJS.ProcessEnv,
): Promise<Library | null> => {
  let stdout = '';
  const ldd = programs.start('ldd', [program.path], {
    env,
    onOutput: (text, stream) => {
      if (stream === 'stdout') stdout += text;
    },
  });
  const stopTimer = clock.after(TIMEOUT_MS, () => void ldd.stop());
  const code = await ldd.exited.catch(() => null).finally(stopTimer);
  const [, name, path] = code === 0 ? (BLAS_LIBRARY.exec(stdout) ?? []) : [];
  if (name === undefined || path === undefined) return null;
  return { name: basename(name), sha256: await hashFile(files, await files.realpath(path)) };
};
