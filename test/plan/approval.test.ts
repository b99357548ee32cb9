import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Digest } from '../../core/ids.js';
import { decide, expire, ONE_APPROVAL, openApproval, policyText, type Approval, type ApprovalPolicy } from '../../plan/approval.js';
import { namesDigest, reviewerText, shortDigest } from '../../plan/decision.js';

const PLAN = Digest.parse(`sha256:${'a1'.repeat(32)}`);
const OTHER = Digest.parse(`sha256:${'b2'.repeat(32)}`);
const DEADLINE = 1_000_000;
const open = (): Approval => openApproval({ round: 1, plan: PLAN, deadline: DEADLINE });
const message = (over: Record<string, unknown> = {}): unknown => ({ plan: PLAN, verdict: 'approve', reviewer: 'ada', ...over });

describe('one decision', () => {
  it('approves by the whole digest', () => {
    expect(decide(open(), message(), 5)).toMatchObject({
      approval: { state: 'approved' },
      answer: { result: 'accepted', decision: { round: 1, plan: PLAN, reviewer: 'ada' } },
    });
  });

  it.each([
    ['32 digits', shortDigest(PLAN)],
    ['with prefix', `sha256:${shortDigest(PLAN)}`],
    ['40 digits', PLAN.slice('sha256:'.length, 'sha256:'.length + 40)],
    ['in capitals and spaces', `  ${PLAN.toUpperCase()} `],
  ])('accepts a copied digest: %s', (_, plan) => {
    expect(decide(open(), message({ plan }), 5).approval.state).toBe('approved');
  });

  it('closes with the first reject', () => {
    const { approval } = decide(open(), message({ verdict: 'reject' }), 5);
    expect(approval.state).toBe('rejected');
    expect(decide(approval, message({ reviewer: 'bob' }), 6).answer).toMatchObject({ result: 'refused', code: 'late' });
  });

  it('refuses the digest of another plan and names the open one', () => {
    const { approval, answer } = decide(open(), message({ plan: OTHER }), 5);
    expect(approval.state).toBe('open');
    expect(answer).toMatchObject({ code: 'wrong-plan', message: expect.stringContaining(shortDigest(PLAN)) });
  });

  it('treats a repeated message as the same decision', () => {
    const first = decide(open(), message(), 5);
    const again = decide(first.approval, message(), 9);
    expect(again.answer).toEqual({ result: 'duplicate', decision: first.approval.decision, missing: 0 });
    expect(again.approval).toBe(first.approval);
  });

  it('refuses a decision after the deadline even when no timer has fired yet', () => {
    expect(decide(open(), message(), DEADLINE + 1).answer).toMatchObject({ code: 'expired' });
  });

  it('refuses a decision after it expired', () => {
    expect(decide(expire(open()), message(), 5).answer).toMatchObject({ code: 'expired' });
  });

  it('does not expire after a decision', () => {
    const { approval } = decide(open(), message(), 5);
    expect(expire(approval)).toBe(approval);
  });

  it.each([
    ['a string', 'approve'],
    ['nothing', undefined],
    ['null', null],
    ['a list', []],
    ['no reviewer', { plan: PLAN, verdict: 'approve' }],
    ['a blank reviewer', message({ reviewer: ' \n ' })],
    ['another verdict', message({ verdict: 'yes' })],
    ['an unknown field', message({ force: true })],
    ['an unknown identity', message({ identity: 'passport' })],
    ['a huge note', message({ note: 'x'.repeat(10_000) })],
  ])('refuses %s as malformed and keeps the reason', (_, input) => {
    const { approval, answer } = decide(open(), input, 5);
    expect(answer).toMatchObject({ result: 'refused', code: 'malformed' });
    expect(approval.refusals).toHaveLength(1);
  });

  it.each([12, 31])('refuses %i digits of the digest, because so few can be forged', (digits) => {
    const { answer } = decide(open(), message({ plan: shortDigest(PLAN).slice(0, digits) }), 5);
    expect(answer).toMatchObject({
      code: 'malformed',
      message: expect.stringMatching(/at least its first 32: a shorter prefix can match a forged plan/),
    });
  });

  it.each(['', 'sha256:', 'a1', `${PLAN}a1`])('does not recognise a plan by %j', (reference) => {
    expect(namesDigest(reference, PLAN)).toBe(false);
  });

  it.each(['hub', 'os'] as const)('records the identity %s', (identity) => {
    expect(decide(open(), message({ identity }), 5).answer).toMatchObject({ decision: { reviewer: 'ada', identity } });
  });

  it('records no identity for a name typed by hand', () => {
    const { answer } = decide(open(), message(), 5);
    expect(answer.result === 'accepted' && Object.keys(answer.decision)).toEqual(['round', 'plan', 'verdict', 'reviewer', 'at']);
  });

  it('keeps control characters out of the record', () => {
    const { answer } = decide(open(), message({ reviewer: 'ada\u001b[31m', note: 'a\nb' }), 5);
    expect(answer).toMatchObject({ decision: { reviewer: 'ada [31m', note: 'a b' } });
  });
});

it.each([
  ['alice (Hub account)', { reviewer: 'alice', identity: 'hub' }],
  ['alice (login)', { reviewer: 'alice', identity: 'os' }],
  ['alice', { reviewer: 'alice' }],
] as const)('formats a reviewer as %s', (text, reviewer) => {
  expect(reviewerText(reviewer)).toBe(text);
});

describe('a policy', () => {
  const openFor = (policy: ApprovalPolicy, startedBy: string | null = null): Approval =>
    openApproval({ round: 1, plan: PLAN, deadline: DEADLINE, policy, startedBy });
  const approveAs = (approval: Approval, ...reviewers: string[]): Approval =>
    reviewers.reduce((at, reviewer) => decide(at, message({ reviewer }), 5).approval, approval);
  const two: ApprovalPolicy = { self: 'allow', required: 2 };
  const others: ApprovalPolicy = { self: 'deny', required: 1 };

  it('waits for a second reviewer when it requires two, and keeps both', () => {
    const { approval, answer } = decide(openFor(two), message(), 5);
    expect(approval).toMatchObject({ state: 'open', decision: null, approvals: [{ reviewer: 'ada' }] });
    expect(answer).toMatchObject({ result: 'accepted', missing: 1 });
    expect(approveAs(approval, 'bob')).toMatchObject({ state: 'approved', approvals: [{ reviewer: 'ada' }, { reviewer: 'bob' }] });
  });

  it('counts one reviewer once, despite capitals and blanks', () => {
    expect(approveAs(openFor(two), 'ada', 'Ada', ' ADA ')).toMatchObject({ state: 'open', approvals: [{ reviewer: 'ada' }], refusals: [] });
  });

  it('closes with the first reject, also of a reviewer who approved before', () => {
    const { approval } = decide(approveAs(openFor(two), 'ada'), message({ verdict: 'reject' }), 6);
    expect(approval).toMatchObject({ state: 'rejected', decision: { reviewer: 'ada', verdict: 'reject' } });
    expect(approveAs(approval, 'bob', 'eve').state).toBe('rejected');
  });

  it('refuses only the starter when it requires another person', () => {
    const { approval, answer } = decide(openFor(others, 'Ada'), message(), 5);
    expect(answer).toMatchObject({ result: 'refused', code: 'self', message: expect.stringContaining('another person must approve') });
    expect(approval.state).toBe('open');
    expect(approveAs(approval, 'bob').state).toBe('approved');
  });

  it('accepts only a reject when it requires another person and the starter is unknown', () => {
    const { approval, answer } = decide(openFor(others), message(), 5);
    expect(answer).toMatchObject({ result: 'refused', code: 'self', message: expect.stringContaining('swp start') });
    expect(decide(approval, message({ verdict: 'reject' }), 5).approval.state).toBe('rejected');
  });

  it('lets the starter reject', () => {
    expect(decide(openFor(others, 'ada'), message({ verdict: 'reject' }), 5).approval.state).toBe('rejected');
  });

  it('has an explanation unless it is one approval by anyone', () => {
    expect(policyText(ONE_APPROVAL, 'ada')).toBeNull();
    expect(policyText(two, 'ada')).toBe('Needs 2 approvals by different people. Reviewers must use a Hub account or an e-mail address.');
    expect(policyText(others, 'a\u200bda')).toBe(
      'Needs 1 approval, not by ada, who started it. Reviewers must use a Hub account or an e-mail address.',
    );
    for (const unknown of [null, 'Ada Lovelace'])
      expect(policyText({ self: 'deny', required: 2 }, unknown)).toBe(
        'Needs 2 approvals by different people, not by the person who started it. No Hub account or e-mail address is recorded for that person, so this plan can only be rejected. Start it again with --as.',
      );
  });
});

describe('a release', () => {
  const SEALED = Digest.parse(`sha256:${'c3'.repeat(32)}`);
  const sealed = (): Approval => openApproval({ round: 2, plan: PLAN, manifest: SEALED, deadline: DEADLINE });
  const release = (over: Record<string, unknown> = {}) => ({ manifest: SEALED, verdict: 'approve', reviewer: 'ada', ...over });

  it('is approved by the digest of the manifest, and the record names plan and manifest', () => {
    expect(decide(sealed(), release({ manifest: shortDigest(SEALED) }), 5)).toMatchObject({
      approval: { state: 'approved' },
      answer: { decision: { round: 2, plan: PLAN, manifest: SEALED, reviewer: 'ada' } },
    });
  });

  it.each([
    ['the approval of its plan', message()],
    ['the digest of its plan in place of the manifest', release({ manifest: PLAN })],
    ['both digests', { ...release(), plan: PLAN }],
  ])('is not approved by %s', (_, input) => {
    const { approval, answer } = decide(sealed(), input, 5);
    expect(answer.result).toBe('refused');
    expect(approval.state).toBe('open');
  });

  it('does not approve a plan', () => {
    expect(decide(open(), release({ manifest: PLAN }), 5).answer).toMatchObject({ code: 'malformed' });
  });
});

describe('messages in any order', () => {
  const anyMessage = fc.oneof(
    fc.record({
      plan: fc.constantFrom(PLAN, OTHER, shortDigest(PLAN), 'zzz'),
      verdict: fc.constantFrom('approve', 'reject', 'maybe'),
      reviewer: fc.constantFrom('ada', 'bob', ''),
    }),
    fc.anything(),
  );
  const steps = fc.array(fc.record({ input: anyMessage, now: fc.integer({ min: 0, max: 2 * DEADLINE }) }), { maxLength: 30 });

  it('never throw, decide at most once, and only for their own plan in time', () => {
    fc.assert(
      fc.property(steps, (list) => {
        let approval = open();
        let accepted = 0;
        for (const { input, now } of list) {
          const next = decide(approval, input, now);
          if (next.answer.result === 'accepted') {
            accepted += 1;
            expect(next.answer.decision.plan).toBe(PLAN);
            expect(now).toBeLessThanOrEqual(DEADLINE);
          } else {
            expect(next.approval.decision).toBe(approval.decision);
          }
          approval = next.approval;
        }
        expect(accepted).toBe(approval.decision === null ? 0 : 1);
        expect(approval.state).toBe(
          approval.decision === null ? 'open' : approval.decision.verdict === 'approve' ? 'approved' : 'rejected',
        );
        expect(approval.refusals.length).toBeLessThanOrEqual(10);
      }),
    );
  });

  it('give the same result with refused messages in between', () => {
    const noise = fc.array(fc.oneof(fc.constant(message({ plan: OTHER })), fc.constant('x'), fc.constant({})), { maxLength: 8 });
    fc.assert(
      fc.property(noise, noise, (before, after) => {
        const run = (inputs: unknown[]) => inputs.reduce<Approval>((approval, input) => decide(approval, input, 7).approval, open());
        expect(run([...before, message(), ...after]).decision).toEqual(run([message()]).decision);
      }),
    );
  });

  it('open a new round without the decision of an earlier one', () => {
    const { approval } = decide(open(), message(), 5);
    expect(approval.state).toBe('approved');
    expect(openApproval({ round: 3, plan: PLAN, deadline: DEADLINE })).toMatchObject({ state: 'open', decision: null });
  });
});
