import type { Digest } from '../core/ids.js';
import { oneLine } from '../core/text.js';
import { DecisionMessage, namesDigest, reviewerText, shortDigest, type DecisionRecord } from './decision.js';

/** One round of planning that waits for, or has, its decision. Times are milliseconds since the epoch. */
export interface Approval {
  readonly round: number;
  readonly plan: Digest;
  readonly deadline: number;
  readonly state: 'open' | 'approved' | 'rejected' | 'expired';
  readonly decision: DecisionRecord | null;
  /** Why messages were not taken, newest last: a signal has no other way to answer. */
  readonly refusals: readonly string[];
}

export type Answer =
  | { readonly result: 'accepted'; readonly decision: DecisionRecord }
  | { readonly result: 'duplicate'; readonly decision: DecisionRecord }
  | { readonly result: 'refused'; readonly code: RefusalCode; readonly message: string };

export type RefusalCode = 'malformed' | 'wrong-plan' | 'late' | 'expired';

const KEPT_REFUSALS = 10;

export const openApproval = (round: number, plan: Digest, deadline: number): Approval => ({
  round,
  plan,
  deadline,
  state: 'open',
  decision: null,
  refusals: [],
});

const refuse = (code: RefusalCode, message: string): Answer => ({ result: 'refused', code, message });

const judge = (approval: Approval, input: unknown, now: number): Answer => {
  const parsed = DecisionMessage.safeParse(input);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => oneLine(`${issue.path.join('.') || 'message'}: ${issue.message}`, 120));
    return refuse(
      'malformed',
      `Not a decision: ${faults.slice(0, 4).join('; ')}. Send {"plan": "…", "verdict": "approve" or "reject", "reviewer": "…"}.`,
    );
  }
  const message = parsed.data;
  if (!namesDigest(message.plan, approval.plan)) {
    return refuse(
      'wrong-plan',
      `Round ${approval.round} asks about plan ${shortDigest(approval.plan)}, not ${oneLine(message.plan, 80)}. Read the plan again.`,
    );
  }
  const taken = approval.decision;
  if (taken !== null) {
    const same = taken.verdict === message.verdict && taken.reviewer === message.reviewer;
    if (same) return { result: 'duplicate', decision: taken };
    return refuse('late', `Plan ${shortDigest(approval.plan)} was decided already: ${reviewerText(taken)} said ${taken.verdict}.`);
  }
  if (approval.state === 'expired' || now > approval.deadline) {
    return refuse(
      'expired',
      `Plan ${shortDigest(approval.plan)} waited until ${new Date(approval.deadline).toISOString()} and has expired. Start again for a fresh plan.`,
    );
  }
  return {
    result: 'accepted',
    decision: {
      round: approval.round,
      plan: approval.plan,
      verdict: message.verdict,
      reviewer: message.reviewer,
      ...(message.identity === undefined ? {} : { identity: message.identity }),
      ...(message.note === undefined ? {} : { note: message.note }),
      at: new Date(now).toISOString(),
    },
  };
};

/** Takes one message of any shape. Never throws: what it will not take is an answer with the reason. */
export const decide = (approval: Approval, input: unknown, now: number): { readonly approval: Approval; readonly answer: Answer } => {
  const answer = judge(approval, input, now);
  if (answer.result === 'duplicate') return { approval, answer };
  if (answer.result === 'refused') {
    return { approval: { ...approval, refusals: [...approval.refusals, answer.message].slice(-KEPT_REFUSALS) }, answer };
  }
  const state = answer.decision.verdict === 'approve' ? 'approved' : 'rejected';
  return { approval: { ...approval, state, decision: answer.decision }, answer };
};

/** The deadline has passed: an open round expires, a decided one stays as it is. */
export const expire = (approval: Approval): Approval => (approval.state === 'open' ? { ...approval, state: 'expired' } : approval);
