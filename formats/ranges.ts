import { compareBytes } from '../core/text.js';

/** A byte range of one file; `end` is exclusive. */
export interface FetchRange {
  readonly file: string;
  readonly begin: number;
  readonly end: number;
}

/** Returns the total bytes of all ranges. */
export const sizeOf = (ranges: readonly FetchRange[]): number => ranges.reduce((sum, { begin, end }) => sum + end - begin, 0);

/** Joins ranges that touch or overlap. */
export const joinTouching = (ranges: readonly FetchRange[]): FetchRange[] => {
  const joined: FetchRange[] = [];
  for (const range of ranges
    .filter(({ begin, end }) => begin < end)
    .toSorted((a, b) => compareBytes(a.file, b.file) || a.begin - b.begin)) {
    const last = joined.at(-1);
    if (last?.file === range.file && range.begin <= last.end) joined[joined.length - 1] = { ...last, end: Math.max(last.end, range.end) };
    else joined.push(range);
  }
  return joined;
};

/** Merges ranges across gaps, the smallest gaps first, while the merged gaps stay within `budget` bytes together. */
export const mergeRanges = (ranges: readonly FetchRange[], budget: number): FetchRange[] => {
  const joined = joinTouching(ranges);
  const gaps = joined.flatMap((range, at) => {
    const next = joined[at + 1];
    return next?.file === range.file ? [{ at, bytes: next.begin - range.end }] : [];
  });
  let left = budget;
  const closed = new Set<number>();
  for (const { at, bytes } of gaps.toSorted((a, b) => a.bytes - b.bytes || a.at - b.at)) {
    if (bytes > left) break;
    left -= bytes;
    closed.add(at);
  }
  const merged: FetchRange[] = [];
  for (const [at, range] of joined.entries()) {
    const last = merged.at(-1);
    if (last !== undefined && closed.has(at - 1)) merged[merged.length - 1] = { ...last, end: range.end };
    else merged.push(range);
  }
  return merged;
};
