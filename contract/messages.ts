import { z } from 'zod';
import { ArtifactKind, type Digest } from '../core/ids.js';
import { sanitizeLine } from '../core/text.js';
import type { Approval } from '../plan/approval.js';
import type { DecisionRecord } from '../plan/decision.js';
import { Problem } from '../plan/problem.js';
import { STAGES, type Stage } from './stages.js';

export interface DecisionReply {
  readonly accepted: 'now' | 'before';
  readonly decision: DecisionRecord;
  /** Approvals that are still needed. */
  readonly missing: number;
}

export interface CampaignReply {
  /** Number of publishes that receive the decision. */
  readonly entries: number;
}

/** Continues a paused publish: repeat the failed step on this host or on another one, or give up. */
export const Resolution = z.strictObject({
  action: z.enum(['retry', 'move', 'abandon']),
  note: z
    .string()
    .max(2000)
    .transform((note) => sanitizeLine(note, 500))
    .optional(),
});
export type Resolution = z.infer<typeof Resolution>;
export interface ResolutionReply {
  readonly step: string;
  readonly action: Resolution['action'];
}

/** Progress that a target's workflow reports to its publish: its stage, and the problem while it is paused. */
export const TargetProgress = z.strictObject({
  kind: ArtifactKind,
  stage: z.enum(STAGES),
  problem: Problem.nullable(),
});
export type TargetProgress = z.infer<typeof TargetProgress>;

export interface ArtifactStatus {
  readonly kind: ArtifactKind;
  readonly target: string;
  readonly outcome: string;
}

export interface PublishStatus {
  readonly stage: Stage;
  readonly entry: string;
  readonly plan: Digest | null;
  readonly approval: Approval | null;
  readonly decisions: readonly DecisionRecord[];
  readonly artifacts: readonly ArtifactStatus[];
  /** Workflows that hold a target for which this publish waits. */
  readonly waitingFor: readonly string[];
  /** Its running targets. */
  readonly running: readonly TargetProgress[];
  /** The problem of this workflow. Its targets have problems of their own. */
  readonly problem: Problem | null;
}

export interface TargetStatus {
  readonly stage: Stage;
  readonly target: string;
  readonly host: string | null;
  /** The host that a person moved it away from, until another host has claimed it. */
  readonly previousHost: string | null;
  /** The pending or finished approval of the release. */
  readonly release?: Approval | null;
  readonly problem: Problem | null;
}
