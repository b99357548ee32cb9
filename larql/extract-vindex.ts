import { makeDirectory } from '../core/files.js';
import type { VindexQuant } from '../formats/vindex/extract-options.js';
import { larqlEnvironment, type JobDirectories } from './environment.js';
import type { LarqlProgram } from './find-larql.js';
import { CHECKSUMS, ProgressReader, type LarqlProgress } from './parse-progress.js';
import { runLarql } from './run-larql.js';

export interface LarqlJob {
  readonly program: LarqlProgram;
  readonly directories: JobDirectories;
  /** The worker's environment, of which next to nothing reaches larql. */
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly onStart?: (pid: number) => Promise<void>;
  readonly shouldStop?: () => boolean;
  /** Asked every second while it runs: what it throws is why the run must end. */
  readonly guard?: () => Promise<void>;
}

export interface ExtractJob extends LarqlJob {
  /** `owner/name`, whose one snapshot lies in the job's cache: larql writes this into the vindex. */
  readonly model: string;
  readonly output: string;
  readonly quant: VindexQuant;
  readonly layers: number;
  /** Bytes that the output will have: their checksums are taken in silence. */
  readonly outputBytes: number;
  readonly onProgress?: (progress: LarqlProgress) => void;
}

/** One layer of the largest models takes minutes; half an hour without a word is a larql that hangs. */
const SILENCE_MS = 30 * 60_000;
/** At this pace even a slow disk is read, in bytes a second. */
const CHECKSUM_RATE = 20e6;

const prepare = async ({ home, temporary }: JobDirectories): Promise<void> => {
  for (const directory of [home, temporary]) await makeDirectory(directory);
};

const hooksOf = ({ onStart, shouldStop, guard }: LarqlJob): Pick<LarqlJob, 'onStart' | 'shouldStop' | 'guard'> => ({
  ...(onStart === undefined ? {} : { onStart }),
  ...(shouldStop === undefined ? {} : { shouldStop }),
  ...(guard === undefined ? {} : { guard }),
});

/**
 * Extracts a model into a directory that must not exist yet. larql writes in place and its exit code proves
 * nothing: what it made is for `formats/vindex` to judge.
 */
export const extractVindex = async (job: ExtractJob): Promise<void> => {
  await prepare(job.directories);
  const reader = new ProgressReader(job.layers);
  await runLarql({
    program: job.program,
    args: ['extract', job.model, '--output', job.output, '--quant', job.quant],
    env: larqlEnvironment(job.env, job.directories),
    // Neutral: a directory of the model's name in it would be taken for the model.
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
  /** Only ask whether this larql knows the slice. */
  readonly dryRun?: boolean;
}

/** Copies the expert-server slice of a vindex into a directory that must not exist yet. */
export const sliceVindex = async (job: SliceJob): Promise<void> => {
  await prepare(job.directories);
  await runLarql({
    program: job.program,
    args: ['slice', job.source, '--output', job.output, '--preset', 'expert-server', ...(job.dryRun === true ? ['--dry-run'] : [])],
    env: larqlEnvironment(job.env, job.directories),
    cwd: job.directories.home,
    signal: job.signal,
    ...hooksOf(job),
    silenceMs: () => Math.max(SILENCE_MS, (job.bytes / CHECKSUM_RATE) * 1000),
  });
};
