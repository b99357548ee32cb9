import { room } from './rooms.mjs';

const name = process.env['SWP_MUTATION'];

export default {
  testRunner: 'vitest',
  // Every test of the room, and none that is only near it.
  vitest: { configFile: 'test/mutation/vitest.config.mjs', related: false },
  // TypeScript 7 has no interface for JavaScript: a file that is not there keeps Stryker from looking for one.
  tsconfigFile: 'none',
  mutate: room().mutate,
  plugins: ['@stryker-mutator/vitest-runner', './test/mutation/ignore-sentences.mjs'],
  ignorers: ['sentences'],
  concurrency: 2,
  thresholds: { high: 95, low: 90, break: 90 },
  reporters: ['clear-text', 'json', 'progress-append-only'],
  clearTextReporter: { reportTests: false, reportMutants: true, logTests: false },
  jsonReporter: { fileName: `.stryker/${name}.json` },
  tempDirName: '.stryker/sandbox',
  ignorePatterns: ['.tools', '.swp', 'dist', 'docs', 'test/upgrade/builds', 'test/workflows/histories'],
  // Python with the official readers is installed once, beside the sandbox.
  buildCommand: 'ln -sfn ../../../.tools .tools',
};
