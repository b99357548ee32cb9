import { z } from 'zod';
import type { PublishMemo, TargetMemo, WorkflowMemo } from '../contract/memo.js';
import { ArtifactKind, Digest } from '../core/ids.js';
import { DecisionRecord } from '../plan/decision.js';

const shared = { since: z.iso.datetime(), decisions: z.array(DecisionRecord) };

/** Schemas of the memos. They are not part of the contract itself, because each workflow would load them and needs none. */
export const WORKFLOW_MEMO: z.ZodType<WorkflowMemo> = z.object(shared);
export const PUBLISH_MEMO: z.ZodType<PublishMemo> = z.object({
  ...shared,
  round: z.int().nonnegative(),
  plan: Digest.nullable(),
  artifacts: z.array(
    z.object({
      kind: ArtifactKind,
      target: z.string(),
      run: z.string().nullable(),
      outcome: z.string().nullable(),
      commit: z.string().nullable(),
      manifest: z.string().nullable(),
      reason: z.string().nullable(),
    }),
  ),
});
export const TARGET_MEMO: z.ZodType<TargetMemo> = z.object({
  ...shared,
  sealed: z.object({ manifest: Digest, files: z.int(), bytes: z.int(), sealedIn: z.array(z.string()) }).nullable(),
});
