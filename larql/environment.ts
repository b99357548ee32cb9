import { delimiter, join } from 'node:path';

/** The directories of one run, which no other run uses. */
export interface JobDirectories {
  readonly home: string;
  /**
   * Contains exactly one snapshot of one source: larql uses the first snapshot that it finds, even if another was
   * requested.
   */
  readonly hubCache: string;
  readonly temporary: string;
}

/** Returns the directories of a job, below its own root, with the cache that it reads. */
export const jobDirectories = (root: string, hubCache: string): JobDirectories => ({
  home: join(root, 'home'),
  hubCache,
  temporary: join(root, 'tmp'),
});

/** Returns the path where larql looks for a model in a cache. */
export const snapshotIn = (hubCache: string, model: string, commit: string): string =>
  join(hubCache, `models--${model.replace('/', '--')}`, 'snapshots', commit);

/**
 * The bytes of `down_meta.bin` depend on the program, on how OpenBLAS splits its sums, and on the processor that it
 * optimises for. Therefore both settings are fixed and part of the recipe. Every x86-64 server of the last decade supports
 * `HASWELL`; OpenBLAS ignores a core type of another architecture.
 */
export const BLAS = { OPENBLAS_NUM_THREADS: '1', OPENBLAS_CORETYPE: 'HASWELL' } as const;

/** The search paths depend on the machine; they contain no personal data and no tokens. */
const INHERITED_VARIABLES = ['PATH', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH'];
const DEFAULT_PATH = ['/usr/local/bin', '/usr/bin', '/bin'].join(delimiter);

/** Returns the complete environment of larql: no token, no settings for larql (`LARQL_*`), and only the job's cache. */
export const larqlEnvironment = (env: NodeJS.ProcessEnv, { home, hubCache, temporary }: JobDirectories): NodeJS.ProcessEnv => ({
  PATH: DEFAULT_PATH,
  ...Object.fromEntries(INHERITED_VARIABLES.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))),
  HOME: home,
  HF_HUB_CACHE: hubCache,
  HF_HUB_OFFLINE: '1',
  TMPDIR: temporary,
  LC_ALL: 'C.UTF-8',
  ...BLAS,
});
