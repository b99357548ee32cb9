/** Version to install if no usable CLI is found. */
export const PINNED_VERSION = '1.9.1';

/**
 * The oldest Temporal CLI that SWP starts. 1.8.0 has `--ui-disable-news-fetch`, without which the Web UI sends requests to
 * the internet; 1.6.1 does not have this flag.
 */
export const MINIMUM_VERSION = '1.8.0';

/** Returns the version in the output of `temporal --version`: `temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)`. */
export const parseVersion = (text: string): string | undefined => /^temporal version (\d+\.\d+\.\d+)(?=\s|$)/m.exec(text)?.[1];

/** Compares two versions of three numbers. */
export const isAtLeast = (version: string, minimum: string): boolean => {
  const [have, need] = [numbersOf(version), numbersOf(minimum)];
  const differs = need.findIndex((number, index) => have[index] !== number);
  return differs === -1 || (have[differs] ?? 0) > (need[differs] ?? 0);
};

const numbersOf = (version: string): number[] => version.split('.').map(Number);
