import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';
import type { EntrySnapshot } from '../../catalog/snapshot.js';
import { readRunning } from '../../client/publish/read.js';
import { RepoId } from '../../core/ids.js';
import { publishId } from '../../contract/names.js';
import { publishHere } from '../support/publish-here.js';
import { swp, type SwpRun } from '../support/swp.js';
import { TOKENS, Workshop } from '../support/workshop.js';

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
    trouble: string | null;
  }[];
}

/** `swp campaign` in one workshop for all tests of a file, with entries made for each. */
export const useCampaigns = () => {
  let workshop: Workshop;
  beforeAll(async () => {
    workshop = await Workshop.open('campaign');
  });
  afterAll(() => workshop.close());

  const run = (...argv: readonly string[]): Promise<SwpRun> =>
    swp(['campaign', ...argv], {
      cwd: workshop.directory,
      env: { ...workshop.clientEnv(), SWP_CATALOG: `${workshop.directory}/skulk-weights.yaml` },
    });
  const shown = async (id?: string): Promise<Shown> =>
    JSON.parse((await run('show', ...(id === undefined ? [] : [id]), '--json')).out) as Shown;

  let made = 0;
  /** An entry of a tier, with its source there or not, published before or not. */
  const entry = async (tier: string, { source: hasSource = true, published = false } = {}): Promise<EntrySnapshot> => {
    made += 1;
    const key = `${workshop.queue}-${made}`;
    const source = RepoId.parse(`labs/${key}`);
    if (hasSource) await workshop.putSource({}, source);
    const found = workshop.entry({ tier, mtp_source_repo: source, mtp_sidecar_repo: RepoId.parse(`Acme/${key}-mtp`) }, key);
    if (published) await publishHere(found, { hub: workshop.hub, token: TOKENS.write, directory: workshop.directory });
    return found;
  };

  const until = async (name: string, stage: string): Promise<void> => {
    while ((await readRunning(workshop.temporal.client, publishId(name)))?.stage !== stage) await delay(50);
  };
  const untilTold = async (id: string, note: string | RegExp): Promise<Shown> => {
    for (;;) {
      const text = await run('show', id);
      if (typeof note === 'string' ? text.err.includes(note) : note.test(text.err)) return shown(id);
      await delay(100);
    }
  };
  return { workshop: () => workshop, run, shown, entry, until, untilTold };
};
