import { createHash } from 'node:crypto';

/** `npm run sweep` takes every case; the tests take some of them, chosen by this seed. */
export const isFull = process.env['SWP_SWEEP'] === 'full';
export const SEED = process.env['SWP_SWEEP_SEED'] ?? '1';

/** So many of these, in an order that the seed decides. */
export const sample = <T>(items: readonly T[], count: number, nameOf: (item: T) => string): T[] => {
  const rank = (item: T): string =>
    createHash('sha256')
      .update(`${SEED} ${nameOf(item)}`)
      .digest('hex');
  return items
    .map((item) => ({ item, rank: rank(item) }))
    .toSorted((a, b) => (a.rank < b.rank ? -1 : 1))
    .slice(0, count)
    .map(({ item }) => item);
};
