import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EntrySnapshot } from '../../catalog/snapshot.js';
import { readRunning } from '../../client/publish/read.js';
import { RepoId } from '../../core/ids.js';
import { campaignId, publishId, targetId } from '../../workflows/names.js';
import type { publishCampaign } from '../../workflows/publish-campaign.js';
import type { CampaignInput } from '../../workflows/types.js';
import { keepHistory } from '../support/keep-history.js';
import { publishHere } from '../support/publish-here.js';
import { swp, type SwpRun } from '../support/swp.js';
import { TOKENS, Workshop } from '../support/workshop.js';

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

describe('swp campaign', () => {
  it('shows what changes, what is unchanged and what is blocked, starts what changes alone, and publishes it with one approval', async () => {
    const [one, two] = [await entry('smoke'), await entry('smoke')];
    const same = await entry('smoke', { published: true });
    const gone = await entry('smoke', { source: false });
    const other = await entry('moe');
    await workshop.writeCatalog([one, two, same, gone, other]);
    const started = await run('--tier', 'smoke', '--as', 'grace');
    expect(started.code).toBe(8);
    expect(
      started.out.split('\n').map((line) =>
        line
          .split('\t')
          .slice(0, 3)
          .map((cell) => cell.replace(/^[0-9a-f]{32}$/, '<plan>')),
      ),
    ).toEqual([
      [one.name, '<plan>', expect.stringMatching(/^mtp: publish; \d/)],
      [two.name, '<plan>', expect.stringMatching(/^mtp: publish; \d/)],
      [gone.name, '<plan>', expect.stringMatching(/^blocked: The Hub shows no repository/)],
      [same.name, '<plan>', 'unchanged'],
      [''],
    ]);
    expect(started.err).toMatch(/2 entries to publish \([\d.]+ kB, at most .* of disk at once for each\), 1 unchanged, 1 blocked/);
    const { id, plan, entries } = await shown();
    expect(entries.map(({ stage }) => stage)).toEqual(['awaiting-approval', 'awaiting-approval', null, null]);
    for (const name of [same.name, gone.name, other.name]) expect(await readRunning(workshop.temporal.client, publishId(name))).toBe(null);

    const wrong = await run('approve', id, '--plan', 'f'.repeat(32));
    expect(wrong).toMatchObject({ code: 4, err: expect.stringContaining(`asks about plan ${plan!.slice(7, 39)}`) });
    expect(await run('approve', id, '--plan', plan!.slice(7, 19))).toMatchObject({
      code: 2,
      err: expect.stringContaining('at least its first 32'),
    });
    expect(started.err).toContain(`Approve exactly these plans: swp campaign approve ${id} --plan ${plan}\n`);
    expect(await run('approve', id)).toMatchObject({ code: 2, err: expect.stringContaining('--plan <digest>') });
    expect(await run('approve', id, same.name, '--plan', plan!)).toMatchObject({ code: 4, err: expect.stringContaining('publishes no') });

    const approved = await run('approve', id, '--plan', plan!.slice(7, 39), '--as', 'ada');
    expect(approved).toMatchObject({ code: 0, out: expect.stringContaining('approved by ada: told to 2 publishes') });
    const result = await workshop.temporal.client.workflow.getHandle<typeof publishCampaign>(campaignId(id)).result();
    expect(result).toMatchObject({ outcomes: { published: 2 }, troubles: [], totals: { changes: 2, unchanged: 1, blocked: 1 } });
    expect((await shown(id)).entries.map(({ stage }) => stage)).toEqual(['published', 'published', null, null]);
    await keepHistory(workshop.temporal.client, campaignId(id), 'approved.campaign');
    const [commit] = await workshop.hub.admin.listCommits(one.entry.mtp_sidecar_repo!);
    const provenance = await workshop.hub.admin.readFile(one.entry.mtp_sidecar_repo!, commit!.id, 'provenance.json');
    expect(JSON.parse(provenance.toString()).predicate.buildDefinition.internalParameters.decisions).toMatchObject([
      { reviewer: 'ada', note: `campaign/${id}`, verdict: 'approve' },
    ]);
  });

  it('has nothing to do where all is as it was published', async () => {
    await workshop.writeCatalog([await entry('smoke', { published: true })]);
    for (const flag of ['--all', '--changed']) {
      const { code, err } = await run(flag);
      expect(code).toBe(9);
      expect(err).toContain('0 entries to publish, 1 unchanged, 0 blocked');
    }
  });

  it('--changed plans those alone of which the Hub or the catalog tells a change', async () => {
    const [same, edited, moved] = [
      await entry('smoke', { published: true }),
      await entry('smoke', { published: true }),
      await entry('smoke', { published: true }),
    ];
    await workshop.hub.admin.commitFiles(moved.entry.mtp_source_repo!, new Map([['config.json', Buffer.from('{"model_type":"x"}')]]), {
      message: 'x',
    });
    const named = { ...edited, entry: { ...edited.entry, mtp_names: 'source' as const } };
    await workshop.writeCatalog([same, named, moved]);
    await run('--changed');
    const { entries, id } = await shown();
    const plans = new Map(entries.map(({ entry: name, state, plan }) => [name, `${state}${plan === null ? ', not planned' : ''}`]));
    expect(plans.get(same.name)).toBe('unchanged, not planned');
    expect(plans.get(edited.name)).toBe('changes');
    expect(plans.get(moved.name)).not.toContain('not planned');
    await run('reject', id, '--plan', (await shown()).plan!);
    await workshop.temporal.client.workflow.getHandle(campaignId(id)).result();
  });

  it('approves some entries by name, and lets one whose plan has moved wait alone', async () => {
    const [one, two, three] = [await entry('smoke'), await entry('smoke'), await entry('smoke')];
    await workshop.writeCatalog([one, two, three]);
    await run('--tier', 'smoke');
    const { id, plan } = await shown();
    // Planned again by somebody else: the campaign's digest is no longer what it asks about.
    await workshop.handle(two).cancel();
    await expect(workshop.result(two)).rejects.toThrow();
    await workshop.hub.admin.commitFiles(two.entry.mtp_source_repo!, new Map([['LICENSE', Buffer.from('other')]]), { message: 'x' });
    await run('approve', id, one.entry.key, '--plan', plan!, '--as', 'ada');
    await until(one.name, 'published');
    expect((await readRunning(workshop.temporal.client, publishId(three.name)))?.stage).toBe('awaiting-approval');
    await run('reject', id, '--plan', plan!, '--as', 'grace', '--note', 'not today');
    const result = await workshop.temporal.client.workflow.getHandle<typeof publishCampaign>(campaignId(id)).result();
    expect(result.outcomes).toEqual({ published: 1, abandoned: 1, rejected: 1 });
    expect(result.troubles.map(({ outcome }) => outcome).toSorted()).toEqual(['abandoned', 'rejected']);
  });

  it('does not publish what was planned anew after its plan was shown', async () => {
    const [one, two] = [await entry('smoke'), await entry('smoke')];
    await workshop.writeCatalog([one, two]);
    await workshop.start(one);
    await workshop.planOf(1, one);
    await workshop.putSource({ seed: 9 }, one.entry.mtp_source_repo);
    await run('--tier', 'smoke');
    const { id, plan, entries } = await shown();
    expect(entries.find(({ entry: name }) => name === one.name)?.stage).toBe('awaiting-approval');
    await run('approve', id, '--plan', plan!, '--as', 'ada');
    const told = await untilTold(id, '1 of 2 took it');
    expect(told.entries.find(({ entry: name }) => name === one.name)?.trouble).toMatch(/^moved: plan [0-9a-f]{32} now/);
    await until(two.name, 'published');
    expect((await readRunning(workshop.temporal.client, publishId(one.name)))?.stage).toBe('awaiting-approval');
    await workshop.handle(one).cancel();
    await workshop.temporal.client.workflow.getHandle(campaignId(id)).result();
  });

  it('goes on with the others where one parks', async () => {
    const [one, two] = [await entry('smoke'), await entry('smoke')];
    await workshop.writeCatalog([one, two]);
    await run('--tier', 'smoke');
    const { id, plan } = await shown();
    const forbidden = { kind: 'status', status: 403, body: '{"error":"Forbidden"}' } as const;
    const stop = workshop.hub.on(({ operation, repo }) =>
      operation === 'commit' && repo === one.entry.mtp_sidecar_repo ? forbidden : undefined,
    );
    await run('approve', id, '--plan', plan!, '--as', 'ada');
    await until(two.name, 'published');
    await workshop.until('needs-attention', targetId(one.entry.mtp_sidecar_repo!));
    expect((await shown(id)).status).toBe('RUNNING');
    stop();
    await workshop.targetHandle(one.entry.mtp_sidecar_repo).executeUpdate('resolve', { args: [{ action: 'retry' }] });
    const result = await workshop.temporal.client.workflow.getHandle<typeof publishCampaign>(campaignId(id)).result();
    expect(result.outcomes).toEqual({ published: 2 });
  });

  it('goes on as new with names and ids alone, and is shown whole', async () => {
    const [one, two] = [await entry('smoke'), await entry('smoke')];
    await workshop.writeCatalog([one, two]);
    const { client } = workshop.temporal;
    const id = `${workshop.queue}-long`;
    const input: CampaignInput = { select: { tier: 'smoke' }, only: [], startedBy: 'grace', continueAfter: 1 };
    const { firstExecutionRunId } = await client.workflow.start<typeof publishCampaign>('publishCampaign', {
      workflowId: campaignId(id),
      taskQueue: workshop.queue,
      args: [input],
    });
    await until(one.name, 'awaiting-approval');
    await until(two.name, 'awaiting-approval');
    const { plan } = await untilTold(id, 'plan sha256:');
    await run('approve', id, one.name, '--plan', plan!, '--as', 'ada');
    while ((await client.workflow.getHandle(campaignId(id)).describe()).runId === firstExecutionRunId) await delay(50);
    await run('approve', id, two.name, '--plan', plan!, '--as', 'ada');
    const result = await client.workflow.getHandle<typeof publishCampaign>(campaignId(id)).result();
    expect(result).toMatchObject({ outcomes: { published: 2 }, totals: { changes: 2 } });
    await keepHistory(client, campaignId(id), 'continued.campaign');
    const whole = await shown(id);
    expect(whole.entries.map(({ entry: name, stage }) => `${name} ${stage}`)).toEqual([one, two].map(({ name }) => `${name} published`));
    expect((await run('show', id)).err).toMatch(/approved by ada: 1 of 1 took it\napproved by ada: 1 of 1 took it/);
  });

  it.each<[string, readonly string[], number, string]>([
    ['no selection', [], 2, 'one of --tier <name>, --all and --changed'],
    ['two selections', ['--all', '--changed'], 2, 'one of --tier <name>, --all and --changed'],
    [
      'a tier that no entry has',
      ['--tier', 'smokey'],
      3,
      'error: No entry has the tier smokey; the tiers are smoke. Did you mean smoke?\n',
    ],
    ['a kind that no entry has', ['--all', '--only', 'vision'], 3, 'error: No entry has a vision artifact.\n'],
  ])('with %s says so', async (_, argv, code, message) => {
    await workshop.writeCatalog([await entry('smoke', { source: false })]);
    const found = await run(...argv);
    expect(found.err).toContain(message);
    expect(found.code).toBe(code);
  });

  it('ends --watch where nobody is at a terminal, once all that is left of it is paused', async () => {
    const one = await entry('smoke');
    await workshop.writeCatalog([one]);
    const stop = workshop.hub.on(({ operation }) =>
      operation === 'commit' ? { kind: 'status', status: 403, body: JSON.stringify({ error: 'Forbidden' }) } : undefined,
    );
    let approving: Promise<unknown> | undefined;
    const approve = (err: string): void => {
      const [, id, plan] = /campaign approve (\S+) --plan (\S+)/.exec(err) ?? [];
      if (id !== undefined && plan !== undefined) approving ??= run('approve', id, '--plan', plan);
    };
    const found = await swp(['campaign', '--tier', 'smoke', '--watch'], {
      cwd: workshop.directory,
      env: workshop.clientEnv(),
      onErr: approve,
    });
    await approving;
    expect([found.code, found.err]).toEqual([1, expect.stringContaining('1 publish of it is paused: swp pending')]);
    stop();
    await swp(['abandon', one.name, '--yes'], { cwd: workshop.directory, env: workshop.clientEnv() });
    await expect.poll(async () => (await shown()).status, { timeout: 20_000 }).toBe('COMPLETED');
  });

  it('of an id that there is not says how to start one', async () => {
    expect(await run('show', 'nowhere')).toMatchObject({ code: 1, err: expect.stringContaining('Start one: swp campaign --tier') });
  });
});
