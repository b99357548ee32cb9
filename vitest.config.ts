import { defineConfig } from 'vitest/config';
import { statfsSync } from 'node:fs';
import { LongestFirst } from './test/support/longest-first.js';
import { allTestFiles, filesOf, TIER } from './test/support/tiers.js';

/** Modules whose tests need no Temporal server; every other test gets one, started once for the whole run. */
const SERVERLESS =
  /^test\/(core|sim|catalog|formats|plan|hub|larql|publish|contract|activities|settings|dev\/(hub|checkpoint|larql)|project|client\/offline|worker\/offline|temporal\/offline)\//;

/** Files of the everyday tests live for seconds: they go into memory if it has room. `npm run test:all` uses the disk. */
const MEMORY = '/dev/shm';
const MEMORY_BYTES = 4e9;
const hasMemory = (): boolean => {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize > MEMORY_BYTES;
  } catch {
    return false;
  }
};
if (TIER.name === 'quick' && hasMemory()) process.env['TMPDIR'] ??= MEMORY;

const files = filesOf(TIER, allTestFiles(import.meta.dirname));

export default defineConfig({
  test: {
    pool: 'forks',
    // A file mocks nothing that another file has loaded, or loads it again; see test/client/offline/catalog-prompts.test.ts.
    isolate: false,
    // On two cores: what waits for a server leaves one free.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: { name: 'serverless', include: files.filter((file) => SERVERLESS.test(file)), testTimeout: 30_000, hookTimeout: 60_000 },
      },
      {
        extends: true,
        test: {
          name: 'temporal',
          include: files.filter((file) => !SERVERLESS.test(file)),
          globalSetup: ['test/support/global-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
