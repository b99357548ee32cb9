/** The version that we install when none is found. */
export const PINNED_VERSION = '1.9.1';

/**
 * The oldest Temporal CLI that we start: 1.8.0 knows `--ui-disable-news-fetch`, without which the Web UI calls out to
 * the internet; 1.6.1 does not have the flag yet.
 */
export const MINIMUM_VERSION = '1.8.0';

/** The version in what `temporal --version` prints, `temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)`. */
export const parseVersion = (text: string): string | undefined => /^temporal version (\d+\.\d+\.\d+)(?=\s|$)/m.exec(text)?.[1];

/** Compares two versions of three numbers. */
export const isAtLeast = (version: string, minimum: string): boolean => {
  const [have, need] = [numbersOf(version), numbersOf(minimum)];
  const differs = need.findIndex((number, index) => have[index] !== number);
  return differs === -1 || (have[differs] ?? 0) > (need[differs] ?? 0);
};

const numbersOf = (version: string): number[] => version.split('.').map(Number);
