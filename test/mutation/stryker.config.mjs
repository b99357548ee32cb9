import { selectedModule } from './modules.mjs';

const name = process.env['SWP_MUTATION'];

export default {
  testRunner: 'vitest',
  // Run every test of the module, and no related ones.
  vitest: { configFile: 'test/mutation/vitest.config.mjs', related: false },
  // TypeScript 7 has no JavaScript API: the name of a missing file keeps Stryker from reading a config with it.
  tsconfigFile: 'none',
  mutate: selectedModule().mutate,
  plugins: ['@stryker-mutator/vitest-runner', './test/mutation/ignore-sentences.mjs'],
  ignorers: ['sentences'],
  concurrency: 2,
  // A busy machine must not count as an endless loop.
  timeoutMS: 30_000,
  timeoutFactor: 4,
  thresholds: { high: 95, low: 90, break: 90 },
  reporters: ['clear-text', 'json', 'progress-append-only'],
  clearTextReporter: { reportTests: false, reportMutants: true, logTests: false },
  jsonReporter: { fileName: `.stryker/${name}.json` },
  tempDirName: '.stryker/sandbox',
  ignorePatterns: ['.tools', '.swp', 'dist', 'docs', 'test/upgrade/builds', 'test/workflows/histories'],
  // Python with the official readers is installed once, beside the sandbox.
  buildCommand: 'ln -sfn ../../../.tools .tools',
};
