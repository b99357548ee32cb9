import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.js';

/** Rooms whose tests need no Temporal server; every other test gets one, started once for the whole run. */
const SERVERLESS = [
  'core',
  'catalog',
  'formats',
  'plan',
  'hub',
  'larql',
  'activities',
  'dev/hub',
  'dev/checkpoint',
  'dev/larql',
  'project',
  'client/offline',
  'worker/offline',
].map((room) => `test/${room}/**/*.test.ts`);

export default defineConfig({
  test: {
    pool: 'forks',
    // A file mocks nothing that another one has loaded, or loads it anew; see test/client/offline/catalog-prompts.test.ts.
    isolate: false,
    // On two cores: what waits for a server leaves one free.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      { extends: true, test: { name: 'serverless', include: SERVERLESS, testTimeout: 30_000, hookTimeout: 60_000 } },
      {
        extends: true,
        test: {
          name: 'temporal',
          include: ['test/**/*.test.ts'],
          exclude: SERVERLESS,
          globalSetup: ['test/support/global-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
