import { realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import { execa } from 'execa';
import { hashFile } from '../core/files.js';
import type { Sha256 } from '../core/ids.js';
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
export const blasOf = async (program: LarqlProgram, env: NodeJS.ProcessEnv): Promise<Library | null> => {
  const { stdout, failed } = await execa('ldd', [program.path], { env, extendEnv: false, reject: false, timeout: TIMEOUT_MS });
  const [, name, path] = failed ? [] : (BLAS_LIBRARY.exec(stdout) ?? []);
  if (name === undefined || path === undefined) return null;
  return { name: basename(name), sha256: await hashFile(await realpath(path)) };
};
