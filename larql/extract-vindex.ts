import { makeDirectory } from '../core/files.js';
import type { Machine } from '../core/machine.js';
import type { VindexQuant } from '../formats/vindex/extract-options.js';
import { larqlEnvironment, type JobDirectories } from './environment.js';
import type { LarqlProgram } from './find-larql.js';
import { CHECKSUMS, ProgressReader, type LarqlProgress } from './parse-progress.js';
import { runLarql } from './run-larql.js';

export interface LarqlJob {
  readonly machine: Machine;
  readonly program: LarqlProgram;
  readonly directories: JobDirectories;
  /** The worker's environment; larql receives only a few of its variables. */
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly onStart?: (pid: number) => Promise<void>;
  readonly shouldStop?: () => boolean;
  /** Called every second during the run; an error that it throws ends the run. */
  readonly guard?: () => Promise<void>;
}

export interface ExtractJob extends LarqlJob {
  /** The `owner/name` of the only snapshot in the job's cache: larql writes it into the vindex. */
  readonly model: string;
  readonly output: string;
  readonly quant: VindexQuant;
  readonly layers: number;
  /** The size of the output in bytes: larql prints nothing while it computes the checksums. */
  readonly outputBytes: number;
  readonly onProgress?: (progress: LarqlProgress) => void;
}

/** One layer of the largest models takes minutes; after half an hour without output, larql is considered hung. */
const SILENCE_MS = 30 * 60_000;
/** Read rate of a slow disk, in bytes per second. */
const CHECKSUM_RATE = 20e6;

const prepare = async ({ machine, directories: { home, temporary } }: LarqlJob): Promise<void> => {
  for (const directory of [home, temporary]) await makeDirectory(machine.files, directory);
};

const hooksOf = ({ onStart, shouldStop, guard }: LarqlJob): Pick<LarqlJob, 'onStart' | 'shouldStop' | 'guard'> => ({
  ...(onStart === undefined ? {} : { onStart }),
  ...(shouldStop === undefined ? {} : { shouldStop }),
  ...(guard === undefined ? {} : { guard }),
});

/**
 * Extracts a model into a directory that must not exist yet. larql writes in place and its exit code proves nothing:
 * `formats/vindex` validates the output.
 */
export const extractVindex = async (job: ExtractJob): Promise<void> => {
  await prepare(job);
  const reader = new ProgressReader(job.layers);
  await runLarql({
    machine: job.machine,
    program: job.program,
    args: ['extract', job.model, '--output', job.output, '--quant', job.quant],
    env: larqlEnvironment(job.env, job.directories),
    // A neutral directory: larql would use a subdirectory with the model's name as the model.
    cwd: job.directories.home,
    signal: job.signal,
    ...hooksOf(job),
    onLine: (line) => {
      if (reader.read(line)) job.onProgress?.(reader.progress);
    },
    silenceMs: () => (reader.progress.stage === CHECKSUMS ? Math.max(SILENCE_MS, (job.outputBytes / CHECKSUM_RATE) * 1000) : SILENCE_MS),
  });
};

export interface SliceJob extends LarqlJob {
  readonly source: string;
  readonly output: string;
  readonly bytes: number;
  /** Only checks that this larql supports the slice. */
  readonly dryRun?: boolean;
}

/** Copies the expert-server slice of a vindex into a directory that must not exist yet. */
export const sliceVindex = async (job: SliceJob): Promise<void> => {
  await prepare(job);
  await runLarql({
    machine: job.machine,
    program: job.program,
    args: ['slice', job.source, '--output', job.output, '--preset', 'expert-server', ...(job.dryRun === true ? ['--dry-run'] : [])],
    env: larqlEnvironment(job.env, job.directories),
    cwd: job.directories.home,
    signal: job.signal,
    ...hooksOf(job),
    silenceMs: () => Math.max(SILENCE_MS, (job.bytes / CHECKSUM_RATE) * 1000),
  });
};
