import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startPublish } from '../../temporal/start-publish.js';
import { RepoId } from '../../core/ids.js';
import { Workshop } from '../support/workshop.js';

let workshop: Workshop;
beforeAll(async () => {
  workshop = await Workshop.open('rounds');
});
beforeEach(() => workshop.renew());
afterAll(() => workshop.close());

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const commitToTarget = (name: string): Promise<unknown> =>
  workshop.hub.admin.commitFiles(workshop.target, new Map([[name, bytes('not ours')]]), { message: 'Somebody else' });

describe('what runs already', () => {
  it('is attached to by a second start with equal input', async () => {
    await workshop.start();
    await workshop.planOf();
    await workshop.start();
    const runs = workshop.temporal.client.workflow.list({
      query: `SwpEntry = '${workshop.entry().name}' AND WorkflowType = 'publishEntry'`,
    });
    let count = 0;
    for await (const _ of runs) count += 1;
    expect(count).toBe(1);
  });

  it('refuses a second start with another input and says how to end it', async () => {
    await workshop.start();
    const other = workshop.entry({ private: true });
    await expect(startPublish(workshop.temporal.client, { entry: other, only: [] }, workshop.queue)).rejects.toMatchObject({
      code: 'publish/other-input',
      hint: expect.stringContaining('swp cancel'),
    });
  });
});

describe('nothing to do', () => {
  it('ends unchanged without asking anybody', async () => {
    await workshop.start();
    await workshop.approve();
    await workshop.result();
    await workshop.start();
    expect(await workshop.result()).toMatchObject({ outcome: 'unchanged', rounds: 1 });
    await workshop.keep('unchanged');
    expect(await workshop.ourCommits()).toBe(1);
  });

  it('rewrites only the metadata when the card was changed, and sends no payload', async () => {
    await workshop.start();
    await workshop.approve();
    await workshop.result();
    await workshop.hub.admin.commitFiles(workshop.target, new Map([['README.md', bytes('---\nlicense: mit\n---\nMine now')]]), {
      message: 'Edit the card',
    });
    const before = workshop.hub.requests.length;
    await workshop.start();
    const plan = await workshop.approve();
    expect(plan.artifacts[0]).toMatchObject({ action: 'metadata-only' });
    expect(await workshop.result()).toMatchObject({ outcome: 'published' });
    const since = workshop.hub.requests.slice(before);
    await workshop.keep('metadata-only', ['target']);
    expect(since.filter(({ operation }) => operation === 'put' || operation === 'part')).toEqual([]);
    await workshop.start();
    expect(await workshop.result()).toMatchObject({ outcome: 'unchanged' });
  });
});

describe('a target that moves', () => {
  it('is planned and asked about again when it moved between plan and approval', async () => {
    await workshop.start();
    await workshop.planOf();
    await workshop.hub.admin.createRepo(workshop.target);
    await commitToTarget('notes.txt');
    await workshop.approve(1);
    const second = await workshop.approve(2);
    expect(second.changes.map(({ path }) => path)).toContain('mtp.target.head');
    expect(await workshop.result()).toMatchObject({ outcome: 'published', rounds: 2 });
    expect((await workshop.hub.admin.readFile(workshop.target, 'main', 'notes.txt')).toString()).toBe('not ours');
  });

  it('asks again for a plan that was approved in an earlier round (A, B, A)', async () => {
    await workshop.start();
    const first = await workshop.planOf(1);
    await workshop.hub.admin.createRepo(workshop.target);
    await commitToTarget('notes.txt');
    await workshop.approve(1);
    const second = await workshop.planOf(2);
    await workshop.hub.admin.deleteRepo(workshop.target);
    await workshop.approve(2);
    const third = await workshop.planOf(3);
    expect(third.digest).toBe(first.digest);
    expect(second.digest).not.toBe(first.digest);
    expect(await workshop.hub.admin.exists(workshop.target)).toBe(false);
    await workshop.approve(3);
    expect(await workshop.result()).toMatchObject({ outcome: 'published', rounds: 3 });
    await workshop.keep('three-rounds');
  });

  it("is stale when a stranger commits between upload and commit, and keeps the stranger's file", async () => {
    await workshop.hub.admin.createRepo(workshop.target);
    await commitToTarget('first.txt');
    let strangers = 0;
    workshop.hub.on(({ operation, repo }) => {
      if (operation !== 'commit' || repo === undefined || strangers > 0) return undefined;
      strangers += 1;
      return { kind: 'hold', until: commitToTarget('stranger.txt').then(() => undefined) };
    });
    await workshop.start();
    await workshop.approve(1);
    await workshop.approve(2);
    expect(await workshop.result()).toMatchObject({ outcome: 'published', rounds: 2 });
    expect((await workshop.hub.admin.readFile(workshop.target, 'main', 'stranger.txt')).toString()).toBe('not ours');
    expect(await workshop.ourCommits()).toBe(1);
    const built = workshop.requestsOf('put').length;
    await workshop.keep('stale');
    expect(built).toBe(1);
  });
});

describe('one target of two entries', () => {
  it('is written by one of them; the other waits and finds nothing to do', async () => {
    const spelt = RepoId.parse(workshop.target.toUpperCase());
    const other = workshop.entry({ mtp_sidecar_repo: spelt }, `${workshop.queue}-other`);
    await workshop.start();
    await workshop.start(other);
    await workshop.planOf(1);
    await workshop.planOf(1, other);
    await Promise.all([workshop.approve(1), workshop.approve(1, other)]);
    const [one, two] = await Promise.all([workshop.result(), workshop.result(other)]);
    expect([one.outcome, two.outcome].toSorted()).toEqual(['published', 'unchanged']);
    await workshop.keep('waited', ['publish'], one.outcome === 'unchanged' ? workshop.entry() : other);
    expect(await workshop.ourCommits()).toBe(1);
  });
});
