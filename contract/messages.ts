import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import { z } from 'zod';
import { ArtifactKind, type Digest } from '../core/ids.js';
import type { CampaignDecision } from '../plan/campaign/campaign-decision.js';
import type { Approval } from '../plan/approval.js';
import type { DecisionMessage, DecisionRecord, ReleaseMessage } from '../plan/decision.js';
import { Problem } from '../plan/problem.js';
import { STAGES, type Stage } from './stages.js';

/** A form in the Web UI sends whatever was typed, so the handler takes it as unknown. */
export const reviewSignal = defineSignal<[DecisionMessage | ReleaseMessage]>('review');

export interface DecisionReply {
  readonly accepted: 'now' | 'before';
  readonly decision: DecisionRecord;
  /** Approvals that are still needed. */
  readonly missing: number;
}
export const decideUpdate = defineUpdate<DecisionReply, [DecisionMessage | ReleaseMessage]>('decide');

export interface CampaignReply {
  /** Publishes that are told. */
  readonly entries: number;
}
/** As {@link decideUpdate}, for all publishes of a campaign or for those of some entries. */
export const decideCampaignUpdate = defineUpdate<CampaignReply, [CampaignDecision]>('decide');
export const reviewCampaignSignal = defineSignal<[CampaignDecision]>('review');

/** Continues what is paused: do the failed step again, on this host or on another, or give up. */
export interface Resolution {
  readonly action: 'retry' | 'move' | 'abandon';
  readonly note?: string | undefined;
}
export interface ResolutionReply {
  readonly step: string;
  readonly action: Resolution['action'];
}
export const resolveUpdate = defineUpdate<ResolutionReply, [Resolution]>('resolve');

/** What a target's workflow tells its publish: the stage that it shows, and why it is paused where it is. */
export const TargetProgress = z.strictObject({
  kind: ArtifactKind,
  stage: z.enum(STAGES),
  problem: Problem.nullable(),
});
export type TargetProgress = z.infer<typeof TargetProgress>;
export const targetProgressSignal = defineSignal<[TargetProgress]>('target-progress');

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
  /** The workflow that holds a target which this publish waits for. */
  readonly waitingFor: readonly string[];
  /** Its targets that run. */
  readonly running: readonly TargetProgress[];
  /** Its own; those of its targets are theirs. */
  readonly problem: Problem | null;
}
export const statusQuery = defineQuery<PublishStatus>('status');

export interface TargetStatus {
  readonly stage: Stage;
  readonly target: string;
  readonly host: string | null;
  /** The host that a person sent it away from, while no other has claimed it. */
  readonly left?: string | null;
  /** The release that is, or was, asked for. */
  readonly release?: Approval | null;
  readonly problem: Problem | null;
}
export const targetStatusQuery = defineQuery<TargetStatus>('target-status');
