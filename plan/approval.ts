import { z } from 'zod';
import type { Digest } from '../core/ids.js';
import { capital, oneLine, plural } from '../core/text.js';
import { DecisionMessage, namesDigest, ReleaseMessage, reviewerText, shortDigest, type DecisionRecord } from './decision.js';

/** Who has to approve. Read from the settings of a worker: whoever starts a publish cannot choose it. */
export const ApprovalPolicy = z.strictObject({
  /** Whether who started it may be one of them. */
  self: z.enum(['allow', 'deny']),
  /** Approvals that are needed, each of another reviewer. */
  required: z.int().min(1).max(20),
});
export type ApprovalPolicy = z.infer<typeof ApprovalPolicy>;

export const ONE_APPROVAL: ApprovalPolicy = { self: 'allow', required: 1 };

/** What is asked, and of whom. */
export interface Question {
  readonly round: number;
  readonly plan: Digest;
  /** Null where the plan itself is asked about; else what was sealed under it, and waits for its release. */
  readonly manifest?: Digest | null;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  readonly policy?: ApprovalPolicy;
  /** Who said to have started it; null where nobody said. */
  readonly startedBy?: string | null;
}

/** A question that waits for, or has, its decision. Times are milliseconds since the epoch. */
export interface Approval extends Required<Question> {
  readonly state: 'open' | 'approved' | 'rejected' | 'expired';
  /** Approvals so far; the last one that was needed is the decision too. */
  readonly approvals: readonly DecisionRecord[];
  readonly decision: DecisionRecord | null;
  /** Why messages were not taken, newest last: a signal has no other way to answer. */
  readonly refusals: readonly string[];
}

export type Answer =
  | { readonly result: 'accepted' | 'duplicate'; readonly decision: DecisionRecord; readonly missing: number }
  | { readonly result: 'refused'; readonly code: RefusalCode; readonly message: string };

export type RefusalCode = 'malformed' | 'wrong-plan' | 'late' | 'expired' | 'self';

const KEPT_REFUSALS = 10;

export const openApproval = (question: Question): Approval => ({
  manifest: null,
  policy: ONE_APPROVAL,
  startedBy: null,
  ...question,
  state: 'open',
  approvals: [],
  decision: null,
  refusals: [],
});

/** Approvals that are still missing. */
export const missingApprovals = ({ policy, approvals }: Approval): number => Math.max(0, policy.required - approvals.length);

/** What the question is about, in words. */
const subjectOf = ({ plan, manifest }: Approval): string =>
  manifest === null ? `plan ${shortDigest(plan)}` : `manifest ${shortDigest(manifest)}`;

const refuse = (code: RefusalCode, message: string): Answer => ({ result: 'refused', code, message });

/** Names are claims, and people spell theirs in more than one way. */
const sameName = (a: string, b: string): boolean => a.trim().toLowerCase() === b.trim().toLowerCase();

const parse = (approval: Approval, input: unknown) => {
  if (approval.manifest === null) {
    const parsed = DecisionMessage.safeParse(input);
    return parsed.success ? { ...parsed.data, reference: parsed.data.plan } : parsed.error;
  }
  const parsed = ReleaseMessage.safeParse(input);
  return parsed.success ? { ...parsed.data, reference: parsed.data.manifest } : parsed.error;
};

const malformed = (approval: Approval, error: z.ZodError): Answer => {
  const faults = error.issues.map((issue) => oneLine(`${issue.path.join('.') || 'message'}: ${issue.message}`, 120));
  const key = approval.manifest === null ? 'plan' : 'manifest';
  return refuse(
    'malformed',
    `Not a decision: ${faults.slice(0, 4).join('; ')}. Send {"${key}": "…", "verdict": "approve" or "reject", "reviewer": "…"}.`,
  );
};

const refuseSelf = ({ startedBy }: Approval): Answer =>
  startedBy === null
    ? refuse(
        'self',
        'Whoever starts a publish may not approve it here, and this one does not say who started it. Start it again with `swp start`.',
      )
    : refuse('self', `${startedBy} started this publish, and somebody else has to approve it (SWP_APPROVALS_SELF).`);

const judge = (approval: Approval, input: unknown, now: number): Answer => {
  const message = parse(approval, input);
  if (message instanceof z.ZodError) return malformed(approval, message);
  const { round, plan, manifest, policy, startedBy, deadline } = approval;
  const { verdict, reviewer, identity, reference, note } = message;
  const subject = subjectOf(approval);
  if (!namesDigest(reference, manifest ?? plan))
    return refuse('wrong-plan', `Round ${round} asks about ${subject}, not ${oneLine(reference, 80)}. Read it again.`);
  const earlier = [...approval.approvals, approval.decision].find(
    (taken) => taken !== null && taken.verdict === verdict && sameName(taken.reviewer, reviewer),
  );
  if (earlier) return { result: 'duplicate', decision: earlier, missing: missingApprovals(approval) };
  if (approval.decision !== null)
    return refuse('late', `${capital(subject)} was decided already: ${reviewerText(approval.decision)} said ${approval.decision.verdict}.`);
  if (approval.state === 'expired' || now > deadline)
    return refuse(
      'expired',
      `${capital(subject)} waited until ${new Date(deadline).toISOString()} and has expired. Start again for a fresh plan.`,
    );
  if (verdict === 'approve' && policy.self === 'deny' && (startedBy === null || sameName(startedBy, reviewer))) return refuseSelf(approval);
  const decision: DecisionRecord = {
    round,
    plan,
    ...(manifest === null ? {} : { manifest }),
    verdict,
    reviewer,
    ...(identity === undefined ? {} : { identity }),
    ...(note === undefined ? {} : { note }),
    at: new Date(now).toISOString(),
  };
  return { result: 'accepted', decision, missing: verdict === 'reject' ? 0 : missingApprovals(approval) - 1 };
};

/** Takes one message of any shape. Never throws: what it will not take is an answer with the reason. */
export const decide = (approval: Approval, input: unknown, now: number): { readonly approval: Approval; readonly answer: Answer } => {
  const answer = judge(approval, input, now);
  if (answer.result === 'duplicate') return { approval, answer };
  if (answer.result === 'refused')
    return { approval: { ...approval, refusals: [...approval.refusals, answer.message].slice(-KEPT_REFUSALS) }, answer };
  const { decision, missing } = answer;
  if (decision.verdict === 'reject') return { approval: { ...approval, state: 'rejected', decision }, answer };
  const approvals = [...approval.approvals, decision];
  if (missing > 0) return { approval: { ...approval, approvals }, answer };
  return { approval: { ...approval, approvals, state: 'approved', decision }, answer };
};

/** The deadline has passed: an open question expires, a decided one stays as it is. */
export const expire = (approval: Approval): Approval => (approval.state === 'open' ? { ...approval, state: 'expired' } : approval);

/** Who has to approve, where that is more than anybody. */
export const policyText = ({ self, required }: ApprovalPolicy, startedBy: string | null): string | null => {
  if (self === 'allow' && required === 1) return null;
  const others =
    self === 'allow' ? '' : startedBy === null ? ', by anybody but who started it' : `, by anybody but ${startedBy}, who started it`;
  return `Needs ${plural(required, 'approval')}${required > 1 ? ' of different reviewers' : ''}${others}.`;
};
