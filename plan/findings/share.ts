import { compareBytes } from '../../core/text.js';

interface SizedFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

export interface Rotation {
  /** Each file is read once in so many weeks. */
  readonly weeks: number;
  readonly week: number;
}

const DAY_MS = 86_400_000;
/** 1970-01-01 was a Thursday: weeks begin on Mondays. */
const FIRST_MONDAY = 3;

/** The number of the week, in UTC, that a moment lies in; of the week after it, one more. */
export const weekOf = (milliseconds: number): number => Math.floor((milliseconds / DAY_MS + FIRST_MONDAY) / 7);

/** Where a target's rotation begins, so that not all large files have their turn in the same week. */
const offsetOf = (target: string): number => {
  let sum = 0;
  for (const character of target) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
  return sum;
};

/**
 * The files of a target that are read in one week, so that each is read once in so many weeks. They are dealt by size:
 * the largest first, each to the week that has the fewest bytes so far. A target's files are dealt among themselves, so
 * that a new file elsewhere in the fleet moves none of them to a week that has passed.
 *
 * @param week any number; it counts modulo `weeks`
 */
export const shareOf = (target: string, files: readonly SizedFile[], weeks: number, week: number): ReadonlySet<string> => {
  const loads = Array.from({ length: weeks }, () => 0);
  const turn = (week + offsetOf(target.toLowerCase())) % weeks;
  const mine = new Set<string>();
  for (const { path, size } of files.toSorted((a, b) => b.size - a.size || compareBytes(a.path, b.path))) {
    const least = loads.indexOf(Math.min(...loads));
    // An empty file takes a turn too.
    loads[least] = (loads[least] ?? 0) + Math.max(1, size);
    if (least === turn) mine.add(path);
  }
  return mine;
};
