import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readRunning } from '../../temporal/running.js';
import { campaignId, publishId, targetId } from '../../contract/names.js';
import type { publishCampaign } from '../../workflows/publish-campaign.js';
import type { CampaignInput } from '../../contract/results.js';
import { keepHistory } from '../support/keep-history.js';
import { swp } from '../support/swp.js';
import { useCampaigns } from './use-campaigns.js';

const { testEnvironment, run, shown, entry, until, untilShown } = useCampaigns();

describe('swp campaign', () => {
  it('--changed plans only the entries whose source or catalog fields changed', async () => {
    const [same, edited, moved] = [
      await entry('smoke', { published: true }),
      await entry('smoke', { published: true }),
      await entry('smoke', { published: true }),
    ];
    await testEnvironment().hub.admin.commitFiles(
      moved.entry.mtp_source_repo!,
      new Map([['config.json', Buffer.from('{"model_type":"x"}')]]),
      {
        message: 'x',
      },
    );
    const named = { ...edited, entry: { ...edited.entry, mtp_names: 'source' as const } };
    await testEnvironment().writeCatalog([same, named, moved]);
    await run('--changed');
    const { entries, id } = await shown();
    const plans = new Map(entries.map(({ entry: name, state, plan }) => [name, `${state}${plan === null ? ', not planned' : ''}`]));
    expect(plans.get(same.name)).toBe('unchanged, not planned');
    expect(plans.get(edited.name)).toBe('changes');
    expect(plans.get(moved.name)).not.toContain('not planned');
    await run('reject', id, '--plan', (await shown()).plan!);
    await testEnvironment().temporal.client.workflow.getHandle(campaignId(id)).result();
  });

  it('approves one entry by name, and leaves the others waiting', async () => {
    const [one, two, three] = [await entry('smoke'), await entry('smoke'), await entry('smoke')];
    await testEnvironment().writeCatalog([one, two, three]);
    await run('--tier', 'smoke');
    const { id, plan } = await shown();
    // The second publish is cancelled outside the campaign, and its source moves.
    await testEnvironment().handle(two).cancel();
    await expect(testEnvironment().result(two)).rejects.toThrow();
    await testEnvironment().hub.admin.commitFiles(two.entry.mtp_source_repo!, new Map([['LICENSE', Buffer.from('other')]]), {
      message: 'x',
    });
    await run('approve', id, one.entry.key, '--plan', plan!, '--as', 'ada');
    await until(one.name, 'published');
    expect((await readRunning(testEnvironment().temporal.client, publishId(three.name)))?.stage).toBe('awaiting-approval');
    await run('reject', id, '--plan', plan!, '--as', 'grace', '--note', 'not today');
    const result = await testEnvironment().temporal.client.workflow.getHandle<typeof publishCampaign>(campaignId(id)).result();
    expect(result.outcomes).toEqual({ published: 1, abandoned: 1, rejected: 1 });
    expect(result.unpublished.map(({ outcome }) => outcome).toSorted()).toEqual(['abandoned', 'rejected']);
  });

  it('does not approve a running publish that has another plan', async () => {
    const [one, two] = [await entry('smoke'), await entry('smoke')];
    await testEnvironment().writeCatalog([one, two]);
    await testEnvironment().start(one);
    await testEnvironment().planOf(1, one);
    await testEnvironment().putSource({ seed: 9 }, one.entry.mtp_source_repo);
    await run('--tier', 'smoke');
    const { id, plan, entries } = await shown();
    expect(entries.find(({ entry: name }) => name === one.name)?.stage).toBe('awaiting-approval');
    await run('approve', id, '--plan', plan!, '--as', 'ada');
    const updated = await untilShown(id, 'accepted by 1 of 2 publishes');
    expect(updated.entries.find(({ entry: name }) => name === one.name)?.problem).toMatch(/^plan-changed: its plan is now [0-9a-f]{32}/);
    await until(two.name, 'published');
    expect((await readRunning(testEnvironment().temporal.client, publishId(one.name)))?.stage).toBe('awaiting-approval');
    await testEnvironment().handle(one).cancel();
    await testEnvironment().temporal.client.workflow.getHandle(campaignId(id)).result();
  });

  it('continues with the other publishes when one pauses', async () => {
    const [one, two] = [await entry('smoke'), await entry('smoke')];
    await testEnvironment().writeCatalog([one, two]);
    await run('--tier', 'smoke');
    const { id, plan } = await shown();
    const forbidden = { kind: 'status', status: 403, body: '{"error":"Forbidden"}' } as const;
    const stop = testEnvironment().hub.on(({ operation, repo }) =>
      operation === 'commit' && repo === one.entry.mtp_sidecar_repo ? forbidden : undefined,
    );
    await run('approve', id, '--plan', plan!, '--as', 'ada');
    await until(two.name, 'published');
    await testEnvironment().until('needs-attention', targetId(one.entry.mtp_sidecar_repo!));
    expect((await shown(id)).status).toBe('RUNNING');
    stop();
    await testEnvironment()
      .targetHandle(one.entry.mtp_sidecar_repo)
      .executeUpdate('resolve', { args: [{ action: 'retry' }] });
    const result = await testEnvironment().temporal.client.workflow.getHandle<typeof publishCampaign>(campaignId(id)).result();
    expect(result.outcomes).toEqual({ published: 2 });
  });

  it('continues as new, and still shows every entry', async () => {
    const [one, two] = [await entry('smoke'), await entry('smoke')];
    await testEnvironment().writeCatalog([one, two]);
    const { client } = testEnvironment().temporal;
    const id = `${testEnvironment().queue}-long`;
    const input: CampaignInput = { select: { tier: 'smoke' }, only: [], startedBy: 'grace', continueAfter: 1 };
    const { firstExecutionRunId } = await client.workflow.start<typeof publishCampaign>('publishCampaign', {
      workflowId: campaignId(id),
      taskQueue: testEnvironment().queue,
      args: [input],
    });
    await until(one.name, 'awaiting-approval');
    await until(two.name, 'awaiting-approval');
    const { plan } = await untilShown(id, 'plan sha256:');
    await run('approve', id, one.name, '--plan', plan!, '--as', 'ada');
    while ((await client.workflow.getHandle(campaignId(id)).describe()).runId === firstExecutionRunId) await delay(50);
    await run('approve', id, two.name, '--plan', plan!, '--as', 'ada');
    const result = await client.workflow.getHandle<typeof publishCampaign>(campaignId(id)).result();
    expect(result).toMatchObject({ outcomes: { published: 2 }, totals: { changes: 2 } });
    await keepHistory(client, campaignId(id), 'continued.campaign');
    const whole = await shown(id);
    expect(whole.entries.map(({ entry: name, stage }) => `${name} ${stage}`)).toEqual([one, two].map(({ name }) => `${name} published`));
    expect((await run('show', id)).err).toMatch(
      /approved by ada: accepted by 1 of 1 publishes\napproved by ada: accepted by 1 of 1 publishes/,
    );
  });

  it('ends --watch without a terminal once only paused publishes remain', async () => {
    const one = await entry('smoke');
    await testEnvironment().writeCatalog([one]);
    const stop = testEnvironment().hub.on(({ operation }) =>
      operation === 'commit' ? { kind: 'status', status: 403, body: JSON.stringify({ error: 'Forbidden' }) } : undefined,
    );
    let approving: Promise<unknown> | undefined;
    const approve = (err: string): void => {
      const [, id, plan] = /campaign approve (\S+) --plan (\S+)/.exec(err) ?? [];
      if (id !== undefined && plan !== undefined) approving ??= run('approve', id, '--plan', plan);
    };
    const found = await swp(['campaign', '--tier', 'smoke', '--watch'], {
      cwd: testEnvironment().directory,
      env: testEnvironment().clientEnv(),
      onErr: approve,
    });
    await approving;
    expect([found.code, found.err]).toEqual([1, expect.stringContaining('1 publish of this campaign is paused: swp pending')]);
    stop();
    await swp(['abandon', one.name, '--yes'], { cwd: testEnvironment().directory, env: testEnvironment().clientEnv() });
    await expect.poll(async () => (await shown()).status, { timeout: 20_000 }).toBe('COMPLETED');
  });
});
