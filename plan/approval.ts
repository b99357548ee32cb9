import { z } from 'zod';
import { faultText, parseOrFaults, type Fault } from '../core/faults.js';
import type { Digest } from '../core/ids.js';
import { capitalize, sanitizeLine, plural } from '../core/text.js';
import { DecisionMessage, namesDigest, ReleaseMessage, reviewerText, shortDigest, type DecisionRecord } from './decision.js';
import { approvalFault, isKnownPerson, isSameName, plainName } from './reviewer.js';

/** The approval rules. They come from a worker's settings, so that the starter of a publish cannot choose them. */
export const ApprovalPolicy = z.strictObject({
  /** `deny`: the starter may not be one of the reviewers. */
  self: z.enum(['allow', 'deny']),
  /** Number of required approvals, each from a different reviewer. */
  required: z.int().min(1).max(20),
});
export type ApprovalPolicy = z.infer<typeof ApprovalPolicy>;

export const ONE_APPROVAL: ApprovalPolicy = { self: 'allow', required: 1 };

/** A request for a decision, with its rules. */
export interface Question {
  readonly round: number;
  readonly plan: Digest;
  /** Null for a decision about the plan; else the digest of the sealed manifest, which waits for its release. */
  readonly manifest?: Digest | null;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  readonly policy?: ApprovalPolicy;
  /** The self-reported starter; null if none was given. */
  readonly startedBy?: string | null;
}

/** A question that waits for its decision, or has it. Times are milliseconds since the epoch. */
export interface Approval extends Required<Question> {
  readonly state: 'open' | 'approved' | 'rejected' | 'expired';
  /** Approvals so far. The last required one is also the decision. */
  readonly approvals: readonly DecisionRecord[];
  readonly decision: DecisionRecord | null;
  /** Reasons why messages were refused, newest last: a signal has no other answer. */
  readonly refusals: readonly string[];
}

export type Answer =
  | { readonly result: 'accepted' | 'duplicate'; readonly decision: DecisionRecord; readonly missing: number }
  | { readonly result: 'refused'; readonly code: RefusalCode; readonly message: string };

export type RefusalCode = 'malformed' | 'wrong-plan' | 'late' | 'expired' | 'self' | 'reviewer';

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

/** Returns the number of approvals that are still missing. */
export const missingApprovals = ({ policy, approvals }: Approval): number => Math.max(0, policy.required - approvals.length);

/** Describes the subject of the question. */
const subjectOf = ({ plan, manifest }: Approval): string =>
  manifest === null ? `plan ${shortDigest(plan)}` : `manifest ${shortDigest(manifest)}`;

const refuse = (code: RefusalCode, message: string): Answer => ({ result: 'refused', code, message });

const parseMessage = (approval: Approval, input: unknown) => {
  if (approval.manifest === null) {
    const parsed = parseOrFaults(DecisionMessage, input, () => Object.keys(DecisionMessage.shape));
    return 'data' in parsed ? { ...parsed.data, reference: parsed.data.plan } : parsed;
  }
  const parsed = parseOrFaults(ReleaseMessage, input, () => Object.keys(ReleaseMessage.shape));
  return 'data' in parsed ? { ...parsed.data, reference: parsed.data.manifest } : parsed;
};

const malformed = (approval: Approval, found: readonly Fault[]): Answer => {
  const faults = found.map((fault) => sanitizeLine(faultText(fault, 'message'), 120));
  const key = approval.manifest === null ? 'plan' : 'manifest';
  return refuse(
    'malformed',
    `Not a decision: ${faults.slice(0, 4).join('; ')}. Send {"${key}": "…", "verdict": "approve" or "reject", "reviewer": "…"}.`,
  );
};

const refuseSelf = ({ startedBy }: Approval): Answer => {
  if (startedBy !== null && isKnownPerson(startedBy))
    return refuse('self', `${plainName(startedBy)} started this publish, so another person must approve it (SWP_APPROVALS_SELF=deny).`);
  const why =
    startedBy === null
      ? 'this publish does not record who started it'
      : `its starter "${plainName(startedBy)}" is neither a Hub account nor an e-mail address`;
  return refuse(
    'self',
    `The person who started a publish may not approve it (SWP_APPROVALS_SELF=deny), but ${why}. Cancel it, then start it again with \`swp start --as <Hub account or e-mail address>\`.`,
  );
};

const refuseName = ({ policy }: Approval, name: Pick<DecisionRecord, 'reviewer' | 'identity'>): Answer => {
  const needs = policy.required > 1 ? `${policy.required} approvals by different people` : 'an approval by another person';
  const shown = name.identity === undefined ? `"${name.reviewer}"` : reviewerText(name);
  const looks = /[^\p{ASCII}]/u.test(name.reviewer) ? ': some of its letters may only look like Latin letters' : '';
  return refuse(
    'reviewer',
    `This plan needs ${needs}, and the name ${shown} does not identify one person${looks}. Give your Hub account or e-mail address with --as, or as "reviewer" in the message.`,
  );
};

const evaluate = (approval: Approval, input: unknown, now: number): Answer => {
  const message = parseMessage(approval, input);
  if ('faults' in message) return malformed(approval, message.faults);
  const { round, plan, manifest, deadline } = approval;
  const { verdict, reviewer, identity, reference, note } = message;
  const subject = subjectOf(approval);
  if (!namesDigest(reference, manifest ?? plan))
    return refuse(
      'wrong-plan',
      `Round ${round} needs a decision about ${subject}, not about ${sanitizeLine(reference, 80)}. Read it again, then decide.`,
    );
  const earlier = [...approval.approvals, approval.decision].find(
    (taken) => taken !== null && taken.verdict === verdict && isSameName(taken.reviewer, reviewer),
  );
  if (earlier) return { result: 'duplicate', decision: earlier, missing: missingApprovals(approval) };
  if (approval.decision !== null)
    return refuse(
      'late',
      `${capitalize(subject)} is already ${approval.decision.verdict === 'approve' ? 'approved' : 'rejected'} by ${reviewerText(approval.decision)}.`,
    );
  if (approval.state === 'expired' || now > deadline)
    return refuse(
      'expired',
      `${capitalize(subject)} expired at ${new Date(deadline).toISOString()}. Start the publish again to get a new plan.`,
    );
  const fault = verdict === 'approve' ? approvalFault(approval, { reviewer, identity }) : null;
  if (fault === 'self') return refuseSelf(approval);
  if (fault === 'reviewer') return refuseName(approval, { reviewer, identity });
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

/** Applies one message of any shape. Never throws: a refused message gets an answer with the reason. */
export const decide = (approval: Approval, input: unknown, now: number): { readonly approval: Approval; readonly answer: Answer } => {
  const answer = evaluate(approval, input, now);
  if (answer.result === 'duplicate') return { approval, answer };
  if (answer.result === 'refused')
    return { approval: { ...approval, refusals: [...approval.refusals, answer.message].slice(-KEPT_REFUSALS) }, answer };
  const { decision, missing } = answer;
  if (decision.verdict === 'reject') return { approval: { ...approval, state: 'rejected', decision }, answer };
  const approvals = [...approval.approvals, decision];
  if (missing > 0) return { approval: { ...approval, approvals }, answer };
  return { approval: { ...approval, approvals, state: 'approved', decision }, answer };
};

/** Applies a passed deadline: an open question expires, a decided one stays unchanged. */
export const expire = (approval: Approval): Approval => (approval.state === 'open' ? { ...approval, state: 'expired' } : approval);

/** Describes the approval rules; returns null if one approval by any person is enough. */
export const policyText = ({ self, required }: ApprovalPolicy, startedBy: string | null): string | null => {
  if (self === 'allow' && required === 1) return null;
  const needs = `Needs ${plural(required, 'approval')}${required > 1 ? ' by different people' : ''}`;
  const known = 'Reviewers must use a Hub account or an e-mail address.';
  if (self === 'allow') return `${needs}. ${known}`;
  if (startedBy === null || !isKnownPerson(startedBy))
    return `${needs}, not by the person who started it. No Hub account or e-mail address is recorded for that person, so this plan can only be rejected. Start it again with --as.`;
  return `${needs}, not by ${plainName(startedBy)}, who started it. ${known}`;
};
