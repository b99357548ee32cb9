import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Part of the tests: `npm test` leaves out the long files, `npm run test:all` runs everything, and a slice is one of
 * several equal shares of what `npm test` leaves out.
 */
export type Tier =
  | { readonly name: 'quick' }
  | { readonly name: 'all' }
  | { readonly name: 'slice'; readonly index: number; readonly count: number };

/** @param text the value of `SWP_TESTS`: nothing, `all`, or a slice as `3/16`, counted from 1 */
export const parseTier = (text = ''): Tier => {
  if (text === '') return { name: 'quick' };
  if (text === 'all') return { name: 'all' };
  const [, index = 0, count = 0] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
  if (index < 1 || index > count) throw new Error(`SWP_TESTS is "all" or a slice such as "3/16", not "${text}".`);
  return { name: 'slice', index: index - 1, count };
};

export const TIER = parseTier(process.env['SWP_TESTS']);

/** Number of runs of a property: a tenth of the full count in `npm test`. */
export const runs = (full: number, { name }: Tier = TIER): number => (name === 'quick' ? Math.ceil(full / 10) : full);

/** The cases of a sweep that run in this tier. */
export const shareOf = <T>(cases: readonly T[], tier: Tier = TIER): T[] =>
  cases.filter((_, at) => tier.name !== 'slice' || at % tier.count === tier.index);

/** Duration of the slow test files, measured on two idle cores with two other files in parallel. */
export const SECONDS: Readonly<Record<string, number>> = {
  'test/sim/storm.test.ts': 600,
  'test/sim/sweep-vindex.test.ts': 240,
  'test/sim/workflows/orders.test.ts': 210,
  'test/sweep/vindex-kills.long.test.ts': 150,
  'test/sweep/vision-kills.long.test.ts': 150,
  'test/sweep/mtp-kills.long.test.ts': 150,
  'test/sim/sweep-vision.test.ts': 92,
  'test/sim/sweep-mtp.test.ts': 85,
  'test/sweep/vindex.long.test.ts': 60,
  'test/sweep/vision.long.test.ts': 60,
  'test/sweep/mtp.long.test.ts': 60,
  'test/worker/hosts.long.test.ts': 113,
  'test/workflows/cancel-at-commit.long.test.ts': 105,
  'test/workflows/vindex.long.test.ts': 72,
  'test/worker/kill.long.test.ts': 62,
  'test/worker/kill-vindex.long.test.ts': 55,
  'test/workflows/move.long.test.ts': 48,
  'test/publish/planning/planning-memory.long.test.ts': 44,
  'test/client/offline/verify-rebuild-vindex.long.test.ts': 42,
  'test/upgrade/upgrade.long.test.ts': 42,
  'test/client/github-publish.long.test.ts': 37,
  'test/docs/pages.long.test.ts': 36,
  'test/browser/web-ui.long.test.ts': 35,
  'test/client/campaign.long.test.ts': 26,
  'test/client/no-worker.long.test.ts': 25,
  'test/workflows/faults.long.test.ts': 24,
  'test/workflows/orders.long.test.ts': 20,
  'test/workflows/commit-in-doubt.long.test.ts': 21,
  'test/docs/readme.test.ts': 22,
  'test/workflows/collection.long.test.ts': 21,
  'test/worker/kill.test.ts': 20,
  'test/worker/notify-kill.long.test.ts': 20,
  'test/client/watch.long.test.ts': 17,
  'test/worker/webhook-publish.long.test.ts': 17,
  'test/workflows/vision.long.test.ts': 17,
  'test/client/decide.test.ts': 15,
  'test/hub/budget.long.test.ts': 15,
  'test/workflows/source-proof.long.test.ts': 13,
  'test/workflows/two-targets.long.test.ts': 13,
  'test/client/offline/catalog-diff.test.ts': 14,
  'test/workflows/release.long.test.ts': 14,
  'test/workflows/rounds.long.test.ts': 14,
  'test/docs/on-the-hub.long.test.ts': 13,
  'test/workflows/vindex.test.ts': 13,
  'test/publish/verify/fleet/check-targets.test.ts': 12,
  'test/client/demo.test.ts': 12,
  'test/core/file-lock.long.test.ts': 12,
  'test/client/dev.long.test.ts': 11,
  'test/client/rebuild.long.test.ts': 11,
  'test/publish/build/mtp/source-proof.long.test.ts': 20,
  'test/dev/temporal/server.long.test.ts': 11,
  'test/workflows/sealed-vindex.long.test.ts': 11,
  'test/browser/hub-pages.long.test.ts': 10,
  'test/client/confirm.test.ts': 10,
  'test/client/resolve.test.ts': 10,
  'test/dev/larql/behaviour.long.test.ts': 10,
  'test/workflows/decisions.test.ts': 10,
  'test/client/campaign.test.ts': 9,
  'test/client/offline/github-catalog.long.test.ts': 9,
  'test/workflows/commit-in-doubt.test.ts': 9,
  'test/workflows/sealed-bytes.long.test.ts': 9,
  'test/workflows/two-targets.test.ts': 9,
  'test/client/offline/github-publish.long.test.ts': 7,
  'test/client/watch.test.ts': 6,
};

export const secondsOf = (file: string): number => SECONDS[file] ?? 1;

const isLong = (file: string): boolean => file.endsWith('.long.test.ts');
/** A sweep distributes its own cases over the slices; a storm has other seeds in each. */
const isSweep = (file: string): boolean => /^test\/(?:sweep\/|sim\/(?:sweep|storm|workflows\/orders))/.test(file);
const triesProperties = (file: string): boolean => readFileSync(file, 'utf8').includes('numRuns: runs(');

/** Distributes files over slices: the longest first, each to the slice with the least work. */
const distribute = (files: readonly string[], count: number): string[][] => {
  const slices = Array.from({ length: count }, () => ({ files: [] as string[], seconds: 0 }));
  for (const file of files.toSorted((a, b) => secondsOf(b) - secondsOf(a) || a.localeCompare(b))) {
    const [least] = slices.toSorted((a, b) => a.seconds - b.seconds);
    least?.files.push(file);
    if (least !== undefined) least.seconds += secondsOf(file);
  }
  return slices.map((slice) => slice.files);
};

/** The test files of a tier. */
export const filesOf = (tier: Tier, all: readonly string[]): string[] => {
  if (tier.name === 'all') return [...all];
  if (tier.name === 'quick') return all.filter((file) => !isLong(file));
  const slicedFiles = all.filter((file) => !isSweep(file) && (isLong(file) || triesProperties(file)));
  return [...all.filter(isSweep), ...(distribute(slicedFiles, tier.count)[tier.index] ?? [])];
};

/** Every test file, by its path in the project. */
export const allTestFiles = (root: string): string[] =>
  readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => `test/${file}`)
    .toSorted();
