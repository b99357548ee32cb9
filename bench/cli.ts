import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import pMap from 'p-map';
import { connectClient, type TemporalClient } from '../temporal/connect-client.js';
import { findTemporalCli } from '../dev/temporal/find.js';
import { startTemporalServer } from '../dev/temporal/server.js';
import { BASE_QUEUE, publishId } from '../contract/names.js';
import { SwpEntry, SwpStage } from '../contract/search-attributes.js';
import { median, type Figure } from './figure.js';

const MAIN = fileURLToPath(new URL('../client/main.js', import.meta.url));
const RUNS = 15;
const LIST_RUNS = 5;
const WAITING = 1_000;
/** Publishes of the second measurement. Peak memory must not grow with them, except for garbage that is not collected yet. */
const MORE = 3_000;
const MAX_MEMORY_RATIO = 1.2;
const CONCURRENCY = 50;
/** Makes the process print its peak memory (in KiB) when it exits. */
const REPORT_PEAK = `--import=data:text/javascript,process.on('exit',()=>process.stderr.write('\\npeak '+process.resourceUsage().maxRSS))`;

const time = (args: readonly string[]): number => {
  const begin = performance.now();
  spawnSync(process.execPath, args, { stdio: 'ignore' });
  return performance.now() - begin;
};

/** Measures `swp` against the start of Node itself, in turn, so that a noisy machine slows both. */
const coldStart = (argument: string): Figure => {
  const ratios = Array.from({ length: RUNS }, () => time([MAIN, argument]) / time(['-e', '0']));
  return { name: `swp ${argument} over node -e 0`, value: median(ratios), unit: 'x', goal: { atMost: 2 }, how: `median of ${RUNS} pairs` };
};

interface RunResult {
  readonly milliseconds: number;
  readonly peakBytes: number;
  readonly rows: number;
}

const run = async (argument: string, address: string): Promise<RunResult> => {
  const begin = performance.now();
  const child = spawn(process.execPath, [REPORT_PEAK, MAIN, argument], {
    env: { PATH: process.env['PATH'], TEMPORAL_ADDRESS: address, TEMPORAL_CONFIG_FILE: '/nonexistent' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  await once(child, 'close');
  const peak = Number(/peak (\d+)/.exec(err)?.[1]) * 1024;
  return { milliseconds: performance.now() - begin, peakBytes: peak, rows: out.split('\n').length - 1 };
};

/**
 * Runs the command several times; each run must show every row. Returns the time of the fastest run, since other processes
 * on the machine only add to it, and the median of the peak memory.
 */
const fastest = async (command: string, address: string, count: number): Promise<RunResult> => {
  const runs: RunResult[] = [];
  for (let at = 0; at < LIST_RUNS; at += 1) runs.push(await run(command, address));
  const incomplete = runs.find(({ rows }) => rows !== count);
  if (incomplete !== undefined) throw new Error(`swp ${command} showed ${incomplete.rows} of ${count} rows`);
  return {
    milliseconds: Math.min(...runs.map(({ milliseconds }) => milliseconds)),
    peakBytes: median(runs.map(({ peakBytes }) => peakBytes)),
    rows: count,
  };
};

/**
 * Starts publishes that wait for a reviewer, until the server counts `to`. No worker runs: only `swp` and the server's list
 * are measured.
 */
const startWaitingPublishes = async ({ client }: TemporalClient, from: number, to: number): Promise<void> => {
  await pMap(
    Array.from({ length: to - from }, (_, at) => `bench/waiting-${from + at}`),
    (entry) =>
      client.workflow.start('publishEntry', {
        workflowId: publishId(entry),
        taskQueue: BASE_QUEUE,
        typedSearchAttributes: [
          { key: SwpEntry, value: entry },
          { key: SwpStage, value: 'awaiting-approval' },
        ],
      }),
    { concurrency: CONCURRENCY },
  );
  while ((await client.workflow.count()).count < to) await new Promise((resolve) => setTimeout(resolve, 50));
};

const measureLists = async (): Promise<Figure[]> => {
  const cli = await findTemporalCli({ note: () => undefined });
  const server = await startTemporalServer({ cli: cli.path });
  const temporal = await connectClient({ env: { TEMPORAL_ADDRESS: server.address, TEMPORAL_CONFIG_FILE: '/nonexistent' } });
  try {
    const figures: Figure[] = [];
    const measureBoth = async (count: number) => ({
      pending: await fastest('pending', server.address, count),
      status: await fastest('status', server.address, count),
    });
    await startWaitingPublishes(temporal, 0, WAITING);
    const some = await measureBoth(WAITING);
    await startWaitingPublishes(temporal, WAITING, MORE);
    const more = await measureBoth(MORE);
    for (const command of ['pending', 'status'] as const) {
      figures.push(
        {
          name: `swp ${command} of ${WAITING} waiting publishes`,
          value: some[command].milliseconds / 1000,
          unit: 's',
          goal: { atMost: 2 },
          how: `fastest of ${LIST_RUNS}, from start of the process to its end`,
        },
        {
          name: `swp ${command}: memory of ${MORE} over ${WAITING}`,
          value: more[command].peakBytes / some[command].peakBytes,
          unit: 'x',
          goal: { atMost: MAX_MEMORY_RATIO },
          how: `peak resident ${Math.round(more[command].peakBytes / 1e6)} MB and ${Math.round(some[command].peakBytes / 1e6)} MB`,
        },
      );
    }
    return figures;
  } finally {
    await temporal.close();
    await server.close();
  }
};

/** Measures the commands that a person waits for at the keyboard. */
export const measureCli = async (): Promise<Figure[]> => [coldStart('--version'), coldStart('--help'), ...(await measureLists())];
