import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';
import type { EntrySnapshot } from '../../catalog/snapshot.js';
import { readRunning } from '../../temporal/running.js';
import { RepoId } from '../../core/ids.js';
import { publishId } from '../../contract/names.js';
import { publishHere } from '../support/publish-here.js';
import { swp, type SwpRun } from '../support/swp.js';
import { TestEnvironment } from '../support/test-environment.js';
import { TOKENS } from '../support/tokens.js';

interface Shown {
  readonly id: string;
  readonly plan: string | null;
  readonly status: string;
  readonly entries: readonly {
    entry: string;
    state: string;
    stage: string | null;
    plan: string | null;
    reason: string | null;
    problem: string | null;
  }[];
}

/** `swp campaign` in one test environment for all tests of a file, with separate entries for each test. */
export const useCampaigns = () => {
  let testEnvironment: TestEnvironment;
  beforeAll(async () => {
    testEnvironment = await TestEnvironment.open('campaign');
  });
  afterAll(() => testEnvironment.close());

  const run = (...argv: readonly string[]): Promise<SwpRun> =>
    swp(['campaign', ...argv], {
      cwd: testEnvironment.directory,
      env: { ...testEnvironment.clientEnv(), SWP_CATALOG: `${testEnvironment.directory}/skulk-weights.yaml` },
    });
  const shown = async (id?: string): Promise<Shown> =>
    JSON.parse((await run('show', ...(id === undefined ? [] : [id]), '--json')).out) as Shown;

  let entryCount = 0;
  /** Creates an entry of a tier, with or without its source, published or not. */
  const entry = async (tier: string, { source: hasSource = true, published = false } = {}): Promise<EntrySnapshot> => {
    entryCount += 1;
    const key = `${testEnvironment.queue}-${entryCount}`;
    const source = RepoId.parse(`labs/${key}`);
    if (hasSource) await testEnvironment.putSource({}, source);
    const found = testEnvironment.entry({ tier, mtp_source_repo: source, mtp_sidecar_repo: RepoId.parse(`Acme/${key}-mtp`) }, key);
    if (published) await publishHere(found, { hub: testEnvironment.hub, token: TOKENS.write, directory: testEnvironment.directory });
    return found;
  };

  const until = async (name: string, stage: string): Promise<void> => {
    while ((await readRunning(testEnvironment.temporal.client, publishId(name)))?.stage !== stage) await delay(50);
  };
  const untilShown = async (id: string, note: string | RegExp): Promise<Shown> => {
    for (;;) {
      const text = await run('show', id);
      if (typeof note === 'string' ? text.err.includes(note) : note.test(text.err)) return shown(id);
      await delay(100);
    }
  };
  return { testEnvironment: () => testEnvironment, run, shown, entry, until, untilShown };
};
