import type { Digest } from '../core/ids.js';
import type { DecisionRecord } from '../plan/decision.js';

/** The key under which a workflow keeps its state in its memo. */
export const MEMO_KEY = 'swp';

/** Most decisions in a memo, the newest ones. The server stores a memo beside each workflow: it has to stay small. */
export const MAX_DECISIONS = 20;
/** Longest reason in a memo, in characters. The result of the workflow has the whole reason. */
export const MAX_MEMO_REASON = 300;

/** The part of the state that every workflow of a publish has. */
export interface WorkflowMemo {
  /** The time when the workflow entered its stage, ISO 8601 in UTC. */
  readonly since: string;
  readonly decisions: readonly DecisionRecord[];
}

/** One artifact of a publish: its workflow while that runs, then how it ended. */
export interface ArtifactState {
  readonly kind: string;
  readonly target: string;
  /** Run id of its workflow in this round; null if none was started. */
  readonly run: string | null;
  /** Null while it runs, or waits for the next round. */
  readonly outcome: string | null;
  readonly commit: string | null;
  readonly manifest: string | null;
  readonly reason: string | null;
}

/**
 * The state that a publish keeps in its memo. The server shows it without a worker, and also after the publish has ended. Problems
 * and plans are too large for a memo: the query `status` answers with the problem, and the result of `planEntry` is the plan.
 */
export interface PublishMemo extends WorkflowMemo {
  /** The newest plan and its round; null before the first plan. */
  readonly plan: { readonly digest: Digest; readonly round: number } | null;
  readonly artifacts: readonly ArtifactState[];
}

/** The state that the workflow of a target keeps in its memo; its decisions are those about the release. */
export interface TargetMemo extends WorkflowMemo {
  /** The files that wait for their release, or were released; null if no release is needed, or before they are sealed. */
  readonly sealed: {
    readonly manifest: Digest;
    readonly files: number;
    readonly bytes: number;
    readonly sealedIn: readonly string[];
  } | null;
}
