import { InvalidArgumentError } from 'commander';

/** Lengths of a digest that options accept. */
export const DIGITS = 'all 64 hex digits or at least the first 32';

/** Collects the values of a repeatable flag, in their order. */
export const collect = (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value];

/** Parses a whole number in decimal digits. */
export const wholeNumber =
  (least: number, most?: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least && value <= (most ?? value)) return value;
    throw new InvalidArgumentError(`must be a whole number from ${least}${most === undefined ? '' : ` to ${most}`}`);
  };
