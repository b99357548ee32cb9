import { compareBytes } from '../../core/text.js';

interface SizedFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

export interface Rotation {
  /** Number of weeks in which each file is read once. */
  readonly weeks: number;
  readonly week: number;
}

const DAY_MS = 86_400_000;
/** Offset in days that makes weeks begin on Mondays: 1970-01-01 was a Thursday. */
const FIRST_MONDAY = 3;

/** Returns the number of the week, in UTC, of a time in milliseconds since the epoch. Numbers increase by one per week. */
export const weekOf = (milliseconds: number): number => Math.floor((milliseconds / DAY_MS + FIRST_MONDAY) / 7);

/** Returns the start of a target's rotation, so that not all large files of the fleet have their turn in the same week. */
const offsetOf = (target: string): number => {
  let sum = 0;
  for (const character of target) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
  return sum;
};

/**
 * Returns the files of a target that are read in one week, so that each file is read once in `weeks` weeks. Files are
 * distributed by size: the largest first, each to the week with the fewest bytes so far. Each target is distributed on its
 * own, so that a new file elsewhere in the fleet moves none of its files to a week that has passed.
 *
 * @param week any number; it counts modulo `weeks`
 */
export const shareOf = (target: string, files: readonly SizedFile[], weeks: number, week: number): ReadonlySet<string> => {
  const loads = Array.from({ length: weeks }, () => 0);
  const turn = (week + offsetOf(target.toLowerCase())) % weeks;
  const due = new Set<string>();
  for (const { path, size } of files.toSorted((a, b) => b.size - a.size || compareBytes(a.path, b.path))) {
    const least = loads.indexOf(Math.min(...loads));
    // Count an empty file as one byte, so that it takes a turn too.
    loads[least] = (loads[least] ?? 0) + Math.max(1, size);
    if (least === turn) due.add(path);
  }
  return due;
};
