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

const Result = z.object({ seconds: z.number(), peakBytes: z.number() });

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Upload throughput against a plain PUT of the same file to the same sink, and the memory it takes. */
export const measureUpload = async (): Promise<Figure[]> => {
  const directory = await mkdtemp(join(tmpdir(), 'swp-bench-'));
  const sink = spawn(process.execPath, [here('sink.js')], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const path = join(directory, 'blob');
    const file = await open(path, 'w');
    await file.truncate(SIZE);
    await file.close();
    const [port] = await once(sink.stdout, 'data');
    const endpoint = `http://127.0.0.1:${String(port).trim()}`;
    const send = async (way: 'swp' | 'uncompared' | 'plain', size: number) =>
      Result.parse(
        JSON.parse((await execa(process.execPath, [here('upload-once.js'), JSON.stringify({ way, path, size, endpoint })])).stdout),
      );
    const pairs: { swp: z.infer<typeof Result>; plain: z.infer<typeof Result> }[] = [];
    for (let run = 0; run < RUNS; run += 1) pairs.push({ plain: await send('plain', SIZE), swp: await send('swp', SIZE) });
    return [
      {
        name: 'upload throughput over a plain PUT',
        value: median(pairs.map(({ swp, plain }) => plain.seconds / swp.seconds)),
        unit: 'x',
        goal: { atLeast: 0.9 },
        how: `4 GiB in parts to the same sink, median of ${RUNS} pairs; ${Math.round(4096 / median(pairs.map(({ swp }) => swp.seconds)))} MiB/s`,
      },
      {
        name: 'resident memory during a 4 GiB upload',
        value: Math.max(...pairs.map(({ swp }) => swp.peakBytes)) / 1e6,
        unit: 'MB',
        goal: { atMost: 256 },
        how: `highest of ${RUNS} uploads, sampled every 20 ms`,
      },
    ];
  } finally {
    sink.kill();
    await rm(directory, { recursive: true, force: true });
  }
};
