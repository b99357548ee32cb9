import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Digest } from '../../core/ids.js';
import { decide, expire, openApproval, type Approval } from '../../plan/approval.js';
import { reviewerText, shortDigest } from '../../plan/decision.js';

const PLAN = Digest.parse(`sha256:${'a1'.repeat(32)}`);
const OTHER = Digest.parse(`sha256:${'b2'.repeat(32)}`);
const DEADLINE = 1_000_000;
const open = (): Approval => openApproval(1, PLAN, DEADLINE);
const message = (over: Record<string, unknown> = {}): unknown => ({ plan: PLAN, verdict: 'approve', reviewer: 'ada', ...over });

describe('one decision', () => {
  it('approves by the whole digest', () => {
    expect(decide(open(), message(), 5)).toMatchObject({
      approval: { state: 'approved' },
      answer: { result: 'accepted', decision: { round: 1, plan: PLAN, reviewer: 'ada' } },
    });
  });

  it.each([
    ['twelve digits', shortDigest(PLAN)],
    ['with prefix', `sha256:${shortDigest(PLAN)}`],
    ['in capitals and spaces', `  ${PLAN.toUpperCase()} `],
  ])('takes the digest as people copy it: %s', (_, plan) => {
    expect(decide(open(), message({ plan }), 5).approval.state).toBe('approved');
  });

  it('rejects, and the first reject ends it', () => {
    const { approval } = decide(open(), message({ verdict: 'reject' }), 5);
    expect(approval.state).toBe('rejected');
    expect(decide(approval, message({ reviewer: 'bob' }), 6).answer).toMatchObject({ result: 'refused', code: 'late' });
  });

  it('refuses the digest of another plan and says which one is asked about', () => {
    const { approval, answer } = decide(open(), message({ plan: OTHER }), 5);
    expect(approval.state).toBe('open');
    expect(answer).toMatchObject({ code: 'wrong-plan', message: expect.stringContaining(shortDigest(PLAN)) });
  });

  it('takes a repeated click as the same decision', () => {
    const first = decide(open(), message(), 5);
    const again = decide(first.approval, message(), 9);
    expect(again.answer).toEqual({ result: 'duplicate', decision: first.approval.decision });
    expect(again.approval).toBe(first.approval);
  });

  it('refuses a decision after the deadline even when no timer has fired yet', () => {
    expect(decide(open(), message(), DEADLINE + 1).answer).toMatchObject({ code: 'expired' });
  });

  it('refuses a decision after it expired', () => {
    expect(decide(expire(open()), message(), 5).answer).toMatchObject({ code: 'expired' });
  });

  it('does not expire what was decided', () => {
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
    ['eleven digits', message({ plan: 'a1a1a1a1a1a' })],
    ['a huge note', message({ note: 'x'.repeat(10_000) })],
  ])('refuses %s as malformed and keeps the reason', (_, input) => {
    const { approval, answer } = decide(open(), input, 5);
    expect(answer).toMatchObject({ result: 'refused', code: 'malformed' });
    expect(approval.refusals).toHaveLength(1);
  });

  it.each(['hub', 'os'] as const)('keeps where the name comes from: %s', (identity) => {
    expect(decide(open(), message({ identity }), 5).answer).toMatchObject({ decision: { reviewer: 'ada', identity } });
  });

  it('has no place for an identity in a record of a name typed by hand', () => {
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
] as const)('a reviewer reads as %s', (text, reviewer) => {
  expect(reviewerText(reviewer)).toBe(text);
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

  it('never throws, decides at most once, and only for its own plan in time', () => {
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

  it('gives the same result whatever refused messages come between', () => {
    const noise = fc.array(fc.oneof(fc.constant(message({ plan: OTHER })), fc.constant('x'), fc.constant({})), { maxLength: 8 });
    fc.assert(
      fc.property(noise, noise, (before, after) => {
        const run = (inputs: unknown[]) => inputs.reduce<Approval>((approval, input) => decide(approval, input, 7).approval, open());
        expect(run([...before, message(), ...after]).decision).toEqual(run([message()]).decision);
      }),
    );
  });

  it('asks again for a plan that was approved in an earlier round', () => {
    const { approval } = decide(open(), message(), 5);
    expect(approval.state).toBe('approved');
    expect(openApproval(3, PLAN, DEADLINE)).toMatchObject({ state: 'open', decision: null });
  });
});
