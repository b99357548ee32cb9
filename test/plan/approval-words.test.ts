import { describe, expect, it } from 'vitest';
import { Digest } from '../../core/ids.js';
import { ApprovalPolicy, decide, openApproval, type Approval } from '../../plan/approval.js';
import { shortDigest } from '../../plan/decision.js';

const PLAN = Digest.parse(`sha256:${'a1'.repeat(32)}`);
const OTHER = Digest.parse(`sha256:${'b2'.repeat(32)}`);
const DEADLINE = 1_000_000;
const open = (): Approval => openApproval({ round: 1, plan: PLAN, deadline: DEADLINE });
const message = (over: Record<string, unknown> = {}): unknown => ({ plan: PLAN, verdict: 'approve', reviewer: 'ada', ...over });

describe('a refusal', () => {
  const MANIFEST = Digest.parse(`sha256:${'c3'.repeat(32)}`);
  const release = (): Approval => openApproval({ round: 1, plan: PLAN, manifest: MANIFEST, deadline: DEADLINE });
  const resultOf = (approval: Approval, input: unknown, now = 5): string => {
    const { answer } = decide(approval, input, now);
    return answer.result === 'refused' ? answer.message : answer.result;
  };

  it('names the first four faults of an invalid message, and the expected form', () => {
    const wrong = { plan: 1, verdict: 'perhaps', reviewer: 2, identity: 'x', note: 3 };
    expect(resultOf(open(), wrong)).toBe(
      'Not a decision: plan: must be text; verdict: must be approve or reject; reviewer: must be text; identity: must be hub or os. Send {"plan": "…", "verdict": "approve" or "reject", "reviewer": "…"}.',
    );
    expect(resultOf(release(), { ...wrong, plan: undefined, manifest: MANIFEST })).toMatch(
      /; reviewer: must be text; .*Send \{"manifest": "…", "verdict": "approve"/,
    );
    expect(resultOf(open(), 'yes')).toMatch(/^Not a decision: message: must be an object/);
  });

  it('names the plan or the manifest that awaits a decision', () => {
    expect(resultOf(open(), message({ plan: OTHER }))).toContain(`needs a decision about plan ${shortDigest(PLAN)}, not about ${OTHER}.`);
    expect(resultOf(release(), { manifest: OTHER, verdict: 'approve', reviewer: 'ada' })).toContain(
      `needs a decision about manifest ${shortDigest(MANIFEST)}, not about ${OTHER}.`,
    );
  });

  it('reports an expired approval only after the last millisecond', () => {
    expect(resultOf(open(), message(), DEADLINE)).toBe('accepted');
    expect(resultOf(open(), message(), DEADLINE + 1)).toContain('expired at');
  });

  it('explains an ambiguous name, and names the letters that cause it', () => {
    const two = openApproval({ round: 1, plan: PLAN, deadline: DEADLINE, policy: { self: 'allow', required: 2 } });
    const other = openApproval({
      round: 1,
      plan: PLAN,
      deadline: DEADLINE,
      policy: { self: 'deny', required: 1 },
      startedBy: 'grace@example.org',
    });
    expect(resultOf(two, message({ reviewer: 'a b' }))).toMatch(
      /^This plan needs 2 approvals by different people, and the name "a b" does not identify one person\. Give/,
    );
    expect(resultOf(other, message({ reviewer: 'a b' }))).toMatch(
      /^This plan needs an approval by another person, and the name "a b" does not/,
    );
    expect(resultOf(two, message({ reviewer: 'аda' }))).toContain('person: some of its letters may only look like Latin letters. Give');
  });

  it('is kept in a list of at most ten', () => {
    let approval = open();
    for (let at = 0; at < 30; at += 1) ({ approval } = decide(approval, { plan: PLAN, verdict: 'approve', reviewer: at }, 5));
    expect(approval.refusals).toHaveLength(10);
    expect(decide(approval, message(), 5).approval.state).toBe('approved');
  });
});

it('a reject leaves no approval missing', () => {
  const two = openApproval({ round: 1, plan: PLAN, deadline: DEADLINE, policy: { self: 'allow', required: 2 } });
  expect(decide(two, message({ verdict: 'reject' }), 5).answer).toMatchObject({ result: 'accepted', missing: 0 });
});

it.each([
  [{ self: 'allow', required: 1 }, true],
  [{ self: 'deny', required: 20 }, true],
  [{ self: 'deny', required: 21 }, false],
  [{ self: 'deny', required: 0 }, false],
  [{ self: 'perhaps', required: 1 }, false],
  [{}, false],
])('a policy of %j is valid: %s', (policy, isValid) => {
  expect(ApprovalPolicy.safeParse(policy).success).toBe(isValid);
});
