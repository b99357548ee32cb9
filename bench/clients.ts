import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { z } from 'zod';
import { startLocalHub } from '../dev/hub/index.js';
import { projectRoot } from '../dev/temporal/project.js';
import { median, type Figure } from './figure.js';
import { withHub, type HubProcess } from './hub-process.js';
import { zeros } from './zeros.js';

const MIB = 1024 ** 2;
const RUNS = 2;
const TOKEN = 'hf_benchwriter';
const TOKENS = [{ token: TOKEN, user: 'writer', orgs: ['bench'], role: 'write' as const }];
const MEMORY_GOAL = 256;

const Result = z.object({ seconds: z.number(), peakBytes: z.number() });
type Result = z.infer<typeof Result>;

type Client = 'swp' | 'js' | 'python';

/** Files to publish: their number, and the size of each. */
interface Load {
  readonly name: string;
  readonly files: number;
  readonly bytes: number;
}

const LOADS: readonly Load[] = [
  { name: '1 x 4 GiB', files: 1, bytes: 4096 * MIB },
  { name: '1,000 x 1 MiB', files: 1_000, bytes: MIB },
];

/** Returns the path of `hf` in the Python environment that the tests install. */
const findHf = async (): Promise<string> => {
  const tools = join(projectRoot(), '.tools');
  const found = (await readdir(tools).catch(() => [])).find((name) => /^python-[0-9a-f]+$/.test(name));
  if (found === undefined) throw new Error(`There is no Python environment in ${tools}: npm test installs it.`);
  return join(tools, found, 'bin', 'hf');
};

const writeLoad = async ({ files, bytes }: Load, directory: string): Promise<void> => {
  await mkdir(directory);
  for (let at = 0; at < files; at += 1) {
    const path = join(directory, `weights-${String(at).padStart(4, '0')}.safetensors`);
    // Several files need distinct bytes: equal files would be one object. A single large file may be sparse.
    if (files > 1) await writeFile(path, randomBytes(bytes));
    else {
      const file = await open(path, 'w');
      await file.truncate(bytes);
      await file.close();
    }
  }
};

const runOnce = async (options: Record<string, string>): Promise<Result> => {
  const program = fileURLToPath(new URL('publish-once.js', import.meta.url));
  return Result.parse(JSON.parse((await execa(process.execPath, [program, JSON.stringify({ token: TOKEN, ...options })])).stdout));
};

const runPython = async (hf: string, endpoint: string, repo: string, directory: string, home: string): Promise<Result> => {
  const begin = performance.now();
  await execa(hf, ['upload', repo, directory, '.'], {
    env: {
      HF_ENDPOINT: endpoint,
      HF_TOKEN: TOKEN,
      HF_HOME: home,
      HF_HUB_DISABLE_XET: '1',
      HF_HUB_DISABLE_TELEMETRY: '1',
      NO_PROXY: '127.0.0.1',
    },
  });
  return { seconds: (performance.now() - begin) / 1000, peakBytes: 0 };
};

/** Publishes these files once, to a new and empty hub, which is deleted afterwards. */
const publishOnce = async (way: Client, hf: string, directory: string, root: string): Promise<Result> => {
  const hubDirectory = await mkdtemp(join(root, 'hub-'));
  const repo = 'bench/target';
  const seeding = await startLocalHub({ directory: hubDirectory });
  await seeding.admin.createRepo(repo);
  await seeding.close();
  // Flush earlier writes, so that this run does not compete with them for the disk.
  await execa('sync');
  try {
    return await withHub({ directory: hubDirectory, tokens: TOKENS }, ({ url }) =>
      way === 'python'
        ? runPython(hf, url, repo, directory, join(hubDirectory, 'home'))
        : runOnce({ way, endpoint: url, repo, directory, journal: join(hubDirectory, 'parts.jsonl') }),
    );
  } finally {
    await rm(hubDirectory, { recursive: true, force: true });
  }
};

const compareClients = async (load: Load, hf: string, root: string): Promise<Figure[]> => {
  const directory = join(root, 'files');
  await writeLoad(load, directory);
  const rounds: Record<Client, Result>[] = [];
  for (let run = 0; run < RUNS; run += 1)
    rounds.push({
      swp: await publishOnce('swp', hf, directory, root),
      js: await publishOnce('js', hf, directory, root),
      python: await publishOnce('python', hf, directory, root),
    });
  await rm(directory, { recursive: true });
  const seconds = (way: Client): number => median(rounds.map((round) => round[way].seconds));
  const against = (way: Client, name: string): Figure => ({
    name: `${load.name} against ${name}`,
    value: median(rounds.map((round) => round[way].seconds / round.swp.seconds)),
    unit: 'x',
    goal: { atLeast: 1 },
    how: `files on disk to a commit on the same local hub, hashing included; ${seconds('swp').toFixed(1)} s for ${seconds(way).toFixed(1)} s`,
  });
  return [
    against('js', '@huggingface/hub, Xet off'),
    against('python', 'hf upload, Xet off'),
    {
      name: `resident memory, ${load.name}`,
      value: Math.max(...rounds.map(({ swp }) => swp.peakBytes)) / 1e6,
      unit: 'MB',
      goal: { atMost: MEMORY_GOAL },
      how: `sampled every 20 ms; @huggingface/hub ${Math.round(Math.max(...rounds.map(({ js }) => js.peakBytes)) / 1e6)} MB`,
    },
  ];
};

const MIRRORED = 2048 * MIB;

const mirrorFigures = async ({ url, requests }: HubProcess, root: string): Promise<Figure[]> => {
  const mirror = await runOnce({
    way: 'mirror',
    endpoint: url,
    source: 'bench/source',
    repo: 'bench/target',
    directory: root,
    journal: join(root, 'parts.jsonl'),
  });
  const read = (await requests()).filter(({ operation, repo }) => operation === 'cdn' && repo === 'bench/source');
  const bytes = read.reduce((sum, { sent }) => sum + sent, 0);
  return [
    {
      name: 'mirror, source bytes read over size',
      value: bytes / MIRRORED,
      unit: 'x',
      goal: { atMost: 1.0001 },
      how: `2 GiB from hub to hub at ${Math.round(MIRRORED / MIB / mirror.seconds)} MiB/s, ${read.length} requests`,
    },
    {
      name: 'resident memory of a mirror',
      value: mirror.peakBytes / 1e6,
      unit: 'MB',
      goal: { atMost: MEMORY_GOAL },
      how: 'sampled every 20 ms',
    },
  ];
};

/** Measures mirroring a large file from one repository to another of a local hub that cannot copy between repositories itself. */
const measureMirror = async (root: string): Promise<Figure[]> => {
  const directory = join(root, 'mirror-hub');
  const seeding = await startLocalHub({ directory });
  await seeding.admin.createRepo('bench/source');
  await seeding.admin.createRepo('bench/target');
  await seeding.admin.commitFiles('bench/source', new Map([['model.safetensors', zeros(MIRRORED)]]), { message: 'An encoder' });
  await seeding.close();
  await execa('sync');
  return withHub({ directory, tokens: TOKENS, serverCopy: false }, (hub) => mirrorFigures(hub, root));
};

/** Measures whole publishes against those of other clients, and a mirror from hub to hub. */
export const measureClients = async (): Promise<Figure[]> => {
  const root = await mkdtemp(join(tmpdir(), 'swp-bench-clients-'));
  try {
    const hf = await findHf();
    const figures: Figure[] = [];
    for (const load of LOADS) figures.push(...(await compareClients(load, hf, root)));
    return [...figures, ...(await measureMirror(root))];
  } finally {
    await rm(root, { recursive: true, force: true });
  }
};
