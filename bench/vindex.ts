import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { z } from 'zod';
import { startLocalHub } from '../dev/hub/index.js';
import { median, type Figure } from './figure.js';
import { withHub } from './hub-process.js';
import { zeros } from './zeros.js';

const MIB = 1024 ** 2;
const SIZE = 2048 * MIB;
const RUNS = 3;
const REPO = 'bench/source';

const Result = z.object({ seconds: z.number(), peakBytes: z.number() });
type Result = z.infer<typeof Result>;

const once = async (way: string, endpoint: string, directory: string): Promise<Result> => {
  await execa('sync');
  const program = fileURLToPath(new URL('stage-once.js', import.meta.url));
  const { stdout } = await execa(process.execPath, [program, JSON.stringify({ way, endpoint, repo: REPO, directory })]);
  return Result.parse(JSON.parse(stdout));
};

interface Round {
  readonly swp: Result;
  readonly plain: Result;
  readonly validate: Result;
}

const round = async (endpoint: string, root: string): Promise<Round> => {
  const fresh = async (name: string): Promise<string> => {
    await rm(join(root, name), { recursive: true, force: true });
    await mkdir(join(root, name));
    return join(root, name);
  };
  const plain = await once('plain', endpoint, await fresh('plain'));
  const staged = await fresh('swp');
  const swp = await once('swp', endpoint, staged);
  return { plain, swp, validate: await once('validate', endpoint, staged) };
};

/** Measures staging a source against a plain download of it, and the pass over a vindex that hashes every file. */
export const measureVindex = async (): Promise<Figure[]> => {
  const root = await mkdtemp(join(tmpdir(), 'swp-bench-vindex-'));
  try {
    const directory = join(root, 'hub');
    const seeding = await startLocalHub({ directory });
    await seeding.admin.createRepo(REPO);
    await seeding.admin.commitFiles(REPO, new Map([['model.safetensors', zeros(SIZE)]]), { message: 'A model' });
    await seeding.close();
    const rounds: Round[] = [];
    await withHub({ directory }, async ({ url }) => {
      for (let run = 0; run < RUNS; run += 1) rounds.push(await round(url, root));
    });
    const rate = median(rounds.map(({ validate }) => SIZE / validate.seconds));
    return [
      {
        name: 'staging against a plain download',
        value: median(rounds.map(({ plain, swp }) => plain.seconds / swp.seconds)),
        unit: 'x',
        goal: { atLeast: 0.5 },
        how: `2 GiB; staging syncs to disk and reads all back for the digest; ${Math.round(SIZE / MIB / median(rounds.map(({ swp }) => swp.seconds)))} MiB/s`,
      },
      {
        name: 'validation of a vindex',
        value: rate / 1e9,
        unit: 'GB/s',
        goal: { atLeast: 1 },
        how: 'one pass of SHA-256 over 2 GiB, one core',
      },
      {
        name: 'resident memory of staging and validation',
        value: Math.max(...rounds.flatMap(({ swp, validate }) => [swp.peakBytes, validate.peakBytes])) / 1e6,
        unit: 'MB',
        goal: { atMost: 256 },
        how: 'sampled every 20 ms',
      },
    ];
  } finally {
    await rm(root, { recursive: true, force: true });
  }
};
