import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { z } from 'zod';
import { startLocalHub } from '../dev/hub/index.js';
import { measureCampaign } from './campaign.js';
import { median, type Figure } from './figure.js';
import { FLEET_TOKENS, seedFleet, type Fleet } from './fleet-seed.js';
import { withHub } from './hub-process.js';
import { zeros } from './zeros.js';

const MIB = 1024 ** 2;
const TARGETS = 1_000;
const SOURCES = 100;
/** Targets of the smaller check. Peak memory must not grow with the fleet, except for garbage that is not collected yet. */
const FEWER = 250;
const MAX_MEMORY_RATIO = 1.2;
/** The Hub's limits for a free account, in windows of ten seconds instead of five minutes. */
const RATE_LIMIT = { api: 1_000, resolvers: 5_000, windowSeconds: 10 };
const LARGE = 2048 * MIB;
const LARGE_REPO = 'bench/large';
const RUNS = 5;

const Result = z.object({ seconds: z.number(), peakBytes: z.number(), findings: z.number() });
type Result = z.infer<typeof Result>;

const once = async (order: Readonly<Record<string, unknown>>): Promise<Result> => {
  const program = fileURLToPath(new URL('fleet-once.js', import.meta.url));
  const found = Result.parse(JSON.parse((await execa(process.execPath, [program, JSON.stringify(order)])).stdout));
  if (found.findings > 0) throw new Error(`${found.findings} findings where all is well`);
  return found;
};

const measureCheck = ({ directory, catalog, targets, sources }: Fleet): Promise<Figure[]> =>
  withHub({ directory, tokens: FLEET_TOKENS, rateLimit: RATE_LIMIT }, async ({ url, requests }) => {
    const fewer = await once({ way: 'check', endpoint: url, catalog, targets: FEWER });
    const before = (await requests()).length;
    const all = await once({ way: 'check', endpoint: url, catalog, targets });
    const made = (await requests()).slice(before);
    const ofTarget = new Map<string, number>();
    for (const { repo = '' } of made) ofTarget.set(repo, (ofTarget.get(repo) ?? 0) + 1);
    const most = (prefix: string): number => Math.max(...[...ofTarget].map(([repo, count]) => (repo.startsWith(prefix) ? count : 0)));
    return [
      {
        name: `re-validation of ${targets} targets, requests of one`,
        value: most('bench/'),
        unit: '',
        goal: { atMost: 4 },
        how: `the most of any target, each with one page of files; all in ${all.seconds.toFixed(0)} s`,
      },
      {
        name: 'requests of a source that 10 targets share',
        value: most('labs/'),
        unit: '',
        goal: { atMost: 1 },
        how: `${sources} sources`,
      },
      {
        name: 'answers that say too many requests',
        value: made.filter(({ status }) => status === 429).length,
        unit: '',
        goal: { atMost: 0 },
        how: `${made.length} requests, ${RATE_LIMIT.api} api and ${RATE_LIMIT.resolvers} resolvers allowed in ${RATE_LIMIT.windowSeconds} s`,
      },
      {
        name: `memory of ${targets} targets over ${FEWER}`,
        value: all.peakBytes / fewer.peakBytes,
        unit: 'x',
        goal: { atMost: MAX_MEMORY_RATIO },
        how: `peak resident ${Math.round(all.peakBytes / 1e6)} MB and ${Math.round(fewer.peakBytes / 1e6)} MB`,
      },
    ];
  });

const measureReadBack = async (root: string): Promise<Figure[]> => {
  const directory = join(root, 'large-hub');
  const seeding = await startLocalHub({ directory });
  await seeding.admin.createRepo(LARGE_REPO);
  await seeding.admin.commitFiles(LARGE_REPO, new Map([['model.safetensors', zeros(LARGE)]]), { message: 'A model' });
  await seeding.close();
  return withHub({ directory, tokens: FLEET_TOKENS }, async ({ url }) => {
    // Not measured: the first download reads the file from disk for all later ones.
    await once({ way: 'plain', endpoint: url, repo: LARGE_REPO });
    const rounds: { readonly plain: Result; readonly ours: Result }[] = [];
    for (let at = 0; at < RUNS; at += 1)
      rounds.push({
        plain: await once({ way: 'plain', endpoint: url, repo: LARGE_REPO }),
        ours: await once({ way: 'read-back', endpoint: url, repo: LARGE_REPO }),
      });
    const rate = (seconds: number): number => Math.round(LARGE / MIB / seconds);
    return [
      {
        name: 'read-back against a plain range download',
        value: median(rounds.map(({ plain, ours }) => plain.seconds / ours.seconds)),
        unit: 'x',
        goal: { atLeast: 0.9 },
        how: `2 GiB, hashed; ${rate(median(rounds.map(({ ours }) => ours.seconds)))} and ${rate(median(rounds.map(({ plain }) => plain.seconds)))} MiB/s`,
      },
      {
        name: 'resident memory of read-back',
        value: Math.max(...rounds.map(({ ours }) => ours.peakBytes)) / 1e6,
        unit: 'MB',
        goal: { atMost: 256 },
        how: 'sampled every 20 ms',
      },
    ];
  });
};

/**
 * Measures a fleet of a thousand targets: the load of a nightly check on the Hub, the load of a campaign on Temporal, and the
 * speed of reading bytes back.
 */
export const measureFleet = async (): Promise<Figure[]> => {
  const root = await mkdtemp(join(tmpdir(), 'swp-bench-fleet-'));
  try {
    const fleet = await seedFleet(root, TARGETS, SOURCES);
    return [...(await measureCheck(fleet)), ...(await measureCampaign(fleet, root)), ...(await measureReadBack(root))];
  } finally {
    await rm(root, { recursive: true, force: true });
  }
};
