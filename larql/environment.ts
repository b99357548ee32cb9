import { delimiter, join } from 'node:path';

/** The directories of one run, which nobody else uses. */
export interface JobDirectories {
  readonly home: string;
  /** Holds exactly one snapshot of one source: larql takes the first that it finds, whatever was asked for. */
  readonly hubCache: string;
  readonly temporary: string;
}

/** The directories of a job below a root of its own, with the cache that it reads. */
export const jobDirectories = (root: string, hubCache: string): JobDirectories => ({
  home: join(root, 'home'),
  hubCache,
  temporary: join(root, 'tmp'),
});

/** Where larql looks for a model in a cache (`larql.md` §1.2). */
export const snapshotIn = (hubCache: string, model: string, commit: string): string =>
  join(hubCache, `models--${model.replace('/', '--')}`, 'snapshots', commit);

/**
 * What decides on the bytes of `down_meta.bin` beside the program: how OpenBLAS splits its sums, and for which
 * processor. Fixed, and part of the recipe. `HASWELL` is the oldest that every x86-64 server of the last decade has;
 * OpenBLAS ignores a core type of another architecture.
 */
export const BLAS = { OPENBLAS_NUM_THREADS: '1', OPENBLAS_CORETYPE: 'HASWELL' } as const;

/** Where libraries are looked for is the machine's; it says nothing of people or tokens. */
const OF_THE_MACHINE = ['PATH', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH'];
const DEFAULT_PATH = ['/usr/local/bin', '/usr/bin', '/bin'].join(delimiter);

/** The whole environment of larql: no token, no setting of its own (`LARQL_*`), no cache but the job's. */
export const larqlEnvironment = (env: NodeJS.ProcessEnv, { home, hubCache, temporary }: JobDirectories): NodeJS.ProcessEnv => ({
  PATH: DEFAULT_PATH,
  ...Object.fromEntries(OF_THE_MACHINE.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))),
  HOME: home,
  HF_HUB_CACHE: hubCache,
  HF_HUB_OFFLINE: '1',
  TMPDIR: temporary,
  LC_ALL: 'C.UTF-8',
  ...BLAS,
});
