import { z } from 'zod';
import { ArtifactKind, Digest } from '../core/ids.js';
import { DecisionRecord } from '../plan/decision.js';

/** The key under which a workflow keeps its state in its memo. */
export const MEMO_KEY = 'swp';

/** Most decisions in a memo, the newest ones. The server stores a memo beside each workflow: it has to stay small. */
export const MAX_DECISIONS = 20;
/** Longest reason in a memo, in characters. The result of the workflow has the whole reason. */
export const MAX_MEMO_REASON = 300;

/** The part of the state that every workflow of a publish has. */
export const WorkflowState = z.object({
  /** The time when the workflow entered its stage, ISO 8601 in UTC. */
  since: z.iso.datetime(),
  decisions: z.array(DecisionRecord),
});

/** One artifact of a publish: its workflow while that runs, then how it ended. */
export const ArtifactState = z.object({
  kind: ArtifactKind,
  target: z.string(),
  /** Run id of its newest workflow; null if none was started. */
  run: z.string().nullable(),
  /** Null while it runs, or waits for the next round. */
  outcome: z.string().nullable(),
  commit: z.string().nullable(),
  manifest: z.string().nullable(),
  reason: z.string().nullable(),
});
export type ArtifactState = z.infer<typeof ArtifactState>;

/**
 * The state that a publish keeps in its memo. The server shows it without a worker, and also after the publish has ended. Problems
 * and plans are too large for a memo: the query `status` answers with the problem, and the result of `planEntry` is the plan.
 */
export const PublishMemo = WorkflowState.extend({
  round: z.int().nonnegative(),
  /** The digest of the current plan; null before the first plan. */
  plan: Digest.nullable(),
  artifacts: z.array(ArtifactState),
});
export type PublishMemo = z.infer<typeof PublishMemo>;

/** The state that the workflow of a target keeps in its memo; its decisions are those about the release. */
export const TargetMemo = WorkflowState.extend({
  /** The files that wait for their release, or were released; null if no release is needed, or before they are sealed. */
  sealed: z.object({ manifest: Digest, files: z.int(), bytes: z.int(), sealedIn: z.array(z.string()) }).nullable(),
});
export type TargetMemo = z.infer<typeof TargetMemo>;
