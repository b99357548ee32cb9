import { afterEach, describe, expect, it } from 'vitest';
import { parseProvenance } from '../../plan/provenance.js';
import { TestEnvironment, type TestEnvironmentOptions } from '../support/test-environment.js';

let testEnvironment: TestEnvironment;
const open = async (options?: TestEnvironmentOptions): Promise<TestEnvironment> =>
  (testEnvironment = await TestEnvironment.open('approvals', options));
afterEach(() => testEnvironment.close());

const decide = (plan: string, reviewer: string, verdict = 'approve') =>
  testEnvironment.handle().executeUpdate<{ missing: number }, [unknown]>('decide', { args: [{ plan, verdict, reviewer }] });
const publishedDecisions = async () =>
  parseProvenance((await testEnvironment.hub.admin.readFile(testEnvironment.target, 'main', 'provenance.json')).toString()).predicate
    .buildDefinition.internalParameters.decisions;

describe('a publish that requires two approvals', () => {
  it('waits for a second reviewer and records both in its provenance', async () => {
    await open({ approvals: { self: 'allow', required: 2 } });
    await testEnvironment.start();
    const plan = await testEnvironment.planOf();
    expect(await decide(plan.digest, 'ada')).toMatchObject({ accepted: 'now', missing: 1 });
    for (const spelling of ['Ada', 'ad\u200ba', '\uff41da'])
      expect(await decide(plan.digest, spelling)).toMatchObject({ accepted: 'before', missing: 1 });
    for (const name of ['Ada Lovelace', '\u0430da'])
      await expect(decide(plan.digest, name)).rejects.toMatchObject({ cause: { message: expect.stringContaining('Hub account') } });
    await testEnvironment.until('awaiting-approval');
    expect(await testEnvironment.hub.admin.exists(testEnvironment.target)).toBe(false);
    expect(await decide(plan.digest, 'bob')).toMatchObject({ accepted: 'now', missing: 0 });
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
    expect(await publishedDecisions()).toMatchObject([{ reviewer: 'ada' }, { reviewer: 'bob' }]);
    await testEnvironment.keep('two-approvals');
  });

  it('ends rejected after one reject, even after an approval', async () => {
    await open({ approvals: { self: 'allow', required: 2 } });
    await testEnvironment.start();
    const plan = await testEnvironment.planOf();
    await decide(plan.digest, 'ada');
    await decide(plan.digest, 'bob', 'reject');
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'rejected' });
    expect(await testEnvironment.hub.admin.exists(testEnvironment.target)).toBe(false);
  });
});

describe('a publish that forbids self-approval', () => {
  it('refuses the approval of its starter and accepts that of another reviewer', async () => {
    await open({ approvals: { self: 'deny', required: 1 } });
    await testEnvironment.start(undefined, [], { startedBy: 'ada' });
    const plan = await testEnvironment.planOf();
    expect(plan).toMatchObject({ approvals: { self: 'deny', required: 1 }, startedBy: 'ada' });
    await expect(decide(plan.digest, 'ada')).rejects.toMatchObject({
      cause: { message: expect.stringContaining('another person must approve') },
    });
    await decide(plan.digest, 'bob');
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
  });
});
