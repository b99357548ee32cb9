import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { z } from 'zod';
import { median, type Figure } from './figure.js';

const SIZE = 4 * 1024 ** 3;
const RUNS = 3;

const MIB = 1024 ** 2;

const Result = z.object({ seconds: z.number(), peakBytes: z.number() });
type Result = z.infer<typeof Result>;
type Way = 'plain' | 'uncompared' | 'swp' | 'hash' | 'digests';

const siblingPath = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Measures upload throughput with and without comparing the sent bytes, the pass that digests them for this, and the memory of both. */
export const measureUpload = async (): Promise<Figure[]> => {
  const directory = await mkdtemp(join(tmpdir(), 'swp-bench-'));
  const sink = spawn(process.execPath, [siblingPath('sink.js')], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const path = join(directory, 'blob');
    const file = await open(path, 'w');
    await file.truncate(SIZE);
    await file.close();
    const [port] = await once(sink.stdout, 'data');
    const endpoint = `http://127.0.0.1:${String(port).trim()}`;
    const run = async (way: Way) =>
      Result.parse(
        JSON.parse(
          (await execa(process.execPath, [siblingPath('upload-once.js'), JSON.stringify({ way, path, size: SIZE, endpoint })])).stdout,
        ),
      );
    const runs: Record<Way, Result>[] = [];
    for (let at = 0; at < RUNS; at += 1)
      runs.push({
        plain: await run('plain'),
        uncompared: await run('uncompared'),
        swp: await run('swp'),
        hash: await run('hash'),
        digests: await run('digests'),
      });
    const ratio = (slow: Way, fast: Way): number => median(runs.map((one) => one[slow].seconds / one[fast].seconds));
    const rate = (way: Way): string => `${Math.round(SIZE / MIB / median(runs.map((one) => one[way].seconds)))} MiB/s`;
    return [
      {
        name: 'upload throughput over a plain PUT',
        value: ratio('plain', 'swp'),
        unit: 'x',
        goal: { atLeast: 0.6 },
        how: `4 GiB in parts to the same sink, median of ${RUNS} runs; ${rate('swp')}, every block compared while it is sent`,
      },
      {
        name: 'compared upload over an uncompared one',
        value: ratio('uncompared', 'swp'),
        unit: 'x',
        goal: { atLeast: 0.5 },
        how: `what hashing costs where the line is faster than SHA-256: ${rate('swp')} for ${rate('uncompared')}`,
      },
      {
        name: 'digests of all blocks over the digest alone',
        value: ratio('hash', 'digests'),
        unit: 'x',
        goal: { atLeast: 0.5 },
        how: `one pass over 4 GiB, as sealing takes it, with two threads for one: ${rate('digests')} for ${rate('hash')}`,
      },
      {
        name: 'resident memory during a 4 GiB upload',
        value: Math.max(...runs.flatMap(({ swp, digests }) => [swp.peakBytes, digests.peakBytes])) / 1e6,
        unit: 'MB',
        goal: { atMost: 256 },
        how: `highest of ${RUNS} uploads and passes, sampled every 20 ms`,
      },
    ];
  } finally {
    sink.kill();
    await rm(directory, { recursive: true, force: true });
  }
};
