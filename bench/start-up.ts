import { spawnSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { median, type Figure } from './figure.js';

const RUNS = 15;

const time = (args: readonly string[]): number => {
  const begin = performance.now();
  spawnSync(process.execPath, args, { stdio: 'ignore' });
  return performance.now() - begin;
};

/** `swp --version` against starting Node itself, in turn, so that a noisy machine slows both. */
export const measureStartUp = (): Figure => {
  const main = fileURLToPath(new URL('../client/main.js', import.meta.url));
  const ratios = Array.from({ length: RUNS }, () => time([main, '--version']) / time(['-e', '0']));
  return { name: 'swp --version over node -e 0', value: median(ratios), unit: 'x', goal: { atMost: 3 }, how: `median of ${RUNS} pairs` };
};
