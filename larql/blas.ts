import { realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import { execa } from 'execa';
import { hashFile } from '../core/files.js';
import type { Sha256 } from '../core/ids.js';
import type { LarqlProgram } from './find-larql.js';

/** A shared library as the system would load it for larql. */
export interface Library {
  readonly name: string;
  readonly sha256: Sha256;
}

/** `libopenblas.so.0 => /usr/lib/…/libopenblas.so.0 (0x…)`, and the same of other makers' BLAS. */
const BLAS_LIBRARY = /^\s*(\S*(?:blas|mkl|blis|flame|armpl)\S*) => (\/.*) \(0x[0-9a-f]+\)$/imu;
const TIMEOUT_MS = 10_000;

/**
 * The BLAS that a larql computes with, known by its bytes: another one may give other last bits of `down_meta.bin`.
 * Null where there is no telling: linked into the program, part of the system (macOS), or no `ldd`.
 *
 * @param env in which larql runs: it decides where libraries are looked for
 */
export const blasOf = async (program: LarqlProgram, env: NodeJS.ProcessEnv): Promise<Library | null> => {
  const { stdout, failed } = await execa('ldd', [program.path], { env, extendEnv: false, reject: false, timeout: TIMEOUT_MS });
  const [, name, path] = failed ? [] : (BLAS_LIBRARY.exec(stdout) ?? []);
  if (name === undefined || path === undefined) return null;
  return { name: basename(name), sha256: await hashFile(await realpath(path)) };
};
