import { describe, expect, it } from 'vitest';
import { readRunning } from '../../temporal/running.js';
import { campaignId, publishId } from '../../contract/names.js';
import type { publishCampaign } from '../../workflows/publish-campaign.js';
import { keepHistory } from '../support/keep-history.js';
import { useCampaigns } from './use-campaigns.js';

const { testEnvironment, run, shown, entry } = useCampaigns();

describe('swp campaign', () => {
  it('groups entries by state, starts only the changed ones, and publishes them with one approval', async () => {
    const [one, two] = [await entry('smoke'), await entry('smoke')];
    const same = await entry('smoke', { published: true });
    const gone = await entry('smoke', { source: false });
    const other = await entry('moe');
    await testEnvironment().writeCatalog([one, two, same, gone, other]);
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
      [gone.name, '<plan>', expect.stringMatching(/^blocked: The Hub does not show the repository/)],
      [same.name, '<plan>', 'unchanged'],
      [''],
    ]);
    expect(started.err).toMatch(/2 entries to publish \([\d.]+ kB in total, at most .* of disk per entry\), 1 unchanged, 1 blocked/);
    const { id, plan, entries } = await shown();
    expect(entries.map(({ stage }) => stage)).toEqual(['awaiting-approval', 'awaiting-approval', null, null]);
    for (const name of [same.name, gone.name, other.name])
      expect(await readRunning(testEnvironment().temporal.client, publishId(name))).toBe(null);

    const wrong = await run('approve', id, '--plan', 'f'.repeat(32));
    expect(wrong).toMatchObject({ code: 4, err: expect.stringContaining(`has plan ${plan!.slice(7, 39)}`) });
    expect(await run('approve', id, '--plan', plan!.slice(7, 19))).toMatchObject({
      code: 2,
      err: expect.stringContaining('at least its first 32'),
    });
    expect(started.err).toContain(`Approve exactly these plans: swp campaign approve ${id} --plan ${plan}\n`);
    expect(await run('approve', id)).toMatchObject({ code: 2, err: expect.stringContaining('--plan <digest>') });
    expect(await run('approve', id, same.name, '--plan', plan!)).toMatchObject({
      code: 4,
      err: expect.stringContaining('does not publish'),
    });

    const approved = await run('approve', id, '--plan', plan!.slice(7, 39), '--as', 'ada');
    expect(approved).toMatchObject({ code: 0, out: expect.stringContaining('approved by ada; sent to 2 publishes') });
    const result = await testEnvironment().temporal.client.workflow.getHandle<typeof publishCampaign>(campaignId(id)).result();
    expect(result).toMatchObject({ outcomes: { published: 2 }, unpublished: [], totals: { changes: 2, unchanged: 1, blocked: 1 } });
    expect((await shown(id)).entries.map(({ stage }) => stage)).toEqual(['published', 'published', null, null]);
    await keepHistory(testEnvironment().temporal.client, campaignId(id), 'approved.campaign');
    const [commit] = await testEnvironment().hub.admin.listCommits(one.entry.mtp_sidecar_repo!);
    const provenance = await testEnvironment().hub.admin.readFile(one.entry.mtp_sidecar_repo!, commit!.id, 'provenance.json');
    expect(JSON.parse(provenance.toString()).predicate.buildDefinition.internalParameters.decisions).toMatchObject([
      { reviewer: 'ada', note: `campaign/${id}`, verdict: 'approve' },
    ]);
  });

  it('has nothing to do when every entry is unchanged', async () => {
    await testEnvironment().writeCatalog([await entry('smoke', { published: true })]);
    for (const flag of ['--all', '--changed']) {
      const { code, err } = await run(flag);
      expect(code).toBe(9);
      expect(err).toContain('0 entries to publish, 1 unchanged, 0 blocked');
    }
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
  ])('refuses %s', async (_, argv, code, message) => {
    await testEnvironment().writeCatalog([await entry('smoke', { source: false })]);
    const found = await run(...argv);
    expect(found.err).toContain(message);
    expect(found.code).toBe(code);
  });

  it('names the command that starts a campaign when the id is unknown', async () => {
    expect(await run('show', 'nowhere')).toMatchObject({ code: 1, err: expect.stringContaining('Start one: swp campaign --tier') });
  });
});
