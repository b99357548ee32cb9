import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { z } from 'zod';
import { fillRandom } from '../dev/checkpoint/random.js';
import { startLocalHub } from '../dev/hub/index.js';
import { codeBytes, decodeSlab, scaleBytes, type Slab } from '../formats/numbers/decode.js';
import { median, type Figure } from './figure.js';
import { withHub, type HubProcess } from './hub-process.js';
import { SourceProof } from '../plan/source-proof.js';
import { benchCheckpoint, type HeadsAt } from './mtp-checkpoint.js';

const RUNS = 5;
const DECODE_MS = 500;
const RATE = 200e6;

const ROWS = 128;
const COLUMNS = 7168;
const FP8: Slab = {
  code: 'e4m3',
  row: 0,
  column: 0,
  rows: ROWS,
  columns: COLUMNS,
  blockRows: 128,
  blockColumns: 128,
  scale: 'F32',
  global: null,
};
const FP4: Slab = { ...FP8, code: 'e2m1', blockRows: 1, blockColumns: 32, scale: 'E8M0' };

/** Returns the BF16 bytes per second that one thread decodes, repeatedly from the same slab: the median of all runs. */
const decodeRate = (slab: Slab): number => {
  const weight = new Uint8Array(codeBytes(slab));
  fillRandom(weight, 1);
  const scale =
    slab.scale === 'F32'
      ? new Uint8Array(Float32Array.from({ length: scaleBytes(slab) / 4 }, (_, at) => 1e-4 * (at + 1)).buffer)
      : new Uint8Array(scaleBytes(slab)).map((_, at) => 110 + (at % 20));
  const output = new Uint16Array(slab.rows * slab.columns);
  const rates = Array.from({ length: RUNS }, () => {
    const begin = performance.now();
    let bytes = 0;
    while (performance.now() - begin < DECODE_MS) {
      decodeSlab(slab, weight, scale, output);
      bytes += output.byteLength;
    }
    return bytes / ((performance.now() - begin) / 1000);
  });
  return median(rates);
};

const decodeFigure = (name: string, slab: Slab): Figure => {
  const rate = decodeRate(slab);
  return {
    name: `${name} decoded to BF16, one thread`,
    value: rate / 1e9,
    unit: 'GB/s',
    goal: { atLeast: 1 },
    how: `${(rate / 2e6).toFixed(0)} million elements/s, slabs of ${ROWS} x ${COLUMNS}, scales ${slab.scale} of ${slab.blockRows} x ${slab.blockColumns}`,
  };
};

const Result = z.object({
  seconds: z.number(),
  peakBytes: z.number(),
  neededBytes: z.number(),
  touchedBytes: z.number(),
  sha256: z.string(),
});

const siblingPath = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const extractOnce = async (way: SourceProof | 'naive', endpoint: string, repo: string, directory: string) => {
  // Flush earlier writes, so that this run does not compete with them for the disk.
  await execa('sync');
  try {
    const order = JSON.stringify({ way, endpoint, repo, directory });
    return Result.parse(JSON.parse((await execa(process.execPath, [siblingPath('extract-once.js'), order])).stdout));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};
type Result = z.infer<typeof Result>;

interface Compared {
  readonly heads: HeadsAt;
  readonly shape: string;
  /** Minimum speedup of each proof over the naive way. */
  readonly goals: Readonly<Record<SourceProof, number>>;
}

/**
 * With heads in all shards, two readings of the heads are a fifth of the checkpoint. Heads in the last two shards are half of
 * those shards.
 */
const LAYOUTS: readonly Compared[] = [
  { heads: 'spread', shape: 'BF16 heads in all ten shards', goals: { 'double-read': 2.5, 'shard-sha256': 0.7 } },
  { heads: 'last-two', shape: 'FP8 heads in the last two shards', goals: { 'double-read': 0.7, 'shard-sha256': 0.7 } },
];

const compare = async ({ heads, shape, goals }: Compared, root: string, { url: endpoint, requests }: HubProcess): Promise<Figure[]> => {
  const repo = `bench/${heads}`;
  const naive = await extractOnce('naive', endpoint, repo, join(root, 'naive'));
  const figures: Figure[] = [];
  for (const proof of SourceProof.options) {
    const before = (await requests()).length;
    const swp: Result = await extractOnce(proof, endpoint, repo, join(root, 'swp'));
    const made = (await requests()).slice(before);
    const fetched = made.filter(({ operation }) => operation === 'cdn').reduce((sum, { sent }) => sum + sent, 0);
    if (naive.sha256 !== swp.sha256) throw new Error(`${repo}: the two ways made different files`);
    const expected = proof === 'double-read' ? 2 : naive.touchedBytes / naive.neededBytes;
    figures.push(
      {
        name: `extraction by ${proof} against the naive way, ${heads}`,
        value: naive.seconds / swp.seconds,
        unit: 'x',
        goal: { atLeast: goals[proof] },
        how: `4 GB, ${shape}, hub at 200 MB/s; ${swp.seconds.toFixed(1)} s; ${naive.seconds.toFixed(1)} s with whole shards compared with nothing`,
      },
      {
        name: `bytes read over needed by ${proof}, ${heads}`,
        value: fetched / swp.neededBytes,
        unit: 'x',
        goal: { atMost: Number((expected * 1.02).toFixed(2)) },
        how: `${made.length} requests, headers and index counted`,
      },
      {
        name: `resident memory of an extraction by ${proof}, ${heads}`,
        value: swp.peakBytes / 1e6,
        unit: 'MB',
        goal: { atMost: 256 },
        how: 'sampled every 20 ms',
      },
    );
  }
  return figures;
};

/**
 * Measures decoding by itself, and whole extractions with each source proof against the naive way, which downloads the touched
 * shards and does not verify them.
 */
export const measureMtp = async (): Promise<Figure[]> => {
  const root = await mkdtemp(join(tmpdir(), 'swp-bench-mtp-'));
  const figures = [decodeFigure('FP8', FP8), decodeFigure('FP4', FP4)];
  try {
    const directory = join(root, 'hub');
    const seeding = await startLocalHub({ directory });
    for (const { heads } of LAYOUTS) {
      await seeding.admin.createRepo(`bench/${heads}`);
      await seeding.admin.commitFiles(`bench/${heads}`, benchCheckpoint(heads), { message: 'A checkpoint' });
    }
    await seeding.close();
    await withHub({ directory, downloadRate: RATE }, async (hub) => {
      for (const layout of LAYOUTS) figures.push(...(await compare(layout, root, hub)));
    });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
  return figures;
};
