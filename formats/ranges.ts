import { compareBytes } from '../core/text.js';

/** Bytes of one file, `end` exclusive. */
export interface FetchRange {
  readonly file: string;
  readonly begin: number;
  readonly end: number;
}

export interface RangePlan {
  /** By file, then by position; disjoint. */
  readonly ranges: readonly FetchRange[];
  /** Bytes that will be read: those needed and the gaps between them that were not worth a request. */
  readonly fetchBytes: number;
}

/** What may be read beyond the need, as a share of it: fewer requests, which the Hub counts. */
const GAP_BUDGET = 0.015;
/** Longer ranges are cut, so that several are in flight. */
const MAX_RANGE = 64 * 1024 * 1024;

const sizeOf = (ranges: readonly FetchRange[]): number => ranges.reduce((sum, { begin, end }) => sum + end - begin, 0);

/** Joins what touches or overlaps. */
const joinTouching = (ranges: readonly FetchRange[]): FetchRange[] => {
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

/** Merges ranges over the smallest gaps first, while all gaps together stay within `budget` bytes. */
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

const cut = ({ file, begin, end }: FetchRange): FetchRange[] => {
  const pieces = Math.ceil((end - begin) / MAX_RANGE);
  return Array.from({ length: pieces }, (_, at) => ({
    file,
    begin: begin + at * MAX_RANGE,
    end: Math.min(end, begin + (at + 1) * MAX_RANGE),
  }));
};

/** The requests that fetch these tensors. */
export const rangePlan = ({ tensors }: { readonly tensors: readonly FetchRange[] }): RangePlan => {
  const wanted = tensors.map(({ file, begin, end }) => ({ file, begin, end }));
  const ranges = mergeRanges(wanted, Math.floor(sizeOf(joinTouching(wanted)) * GAP_BUDGET)).flatMap(cut);
  return { ranges, fetchBytes: sizeOf(ranges) };
};
