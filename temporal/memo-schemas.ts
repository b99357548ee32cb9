import { z } from 'zod';
import type { PublishMemo, TargetMemo, WorkflowMemo } from '../contract/memo.js';
import { Digest } from '../core/ids.js';
import { DecisionRecord } from '../plan/decision.js';

const since = z.iso.datetime();
/** A worker of a later build may write more fields than this program knows. */
const decisions = z.array(DecisionRecord.loose());

/**
 * Schemas of the memos. They are not part of the contract itself, because each workflow would load them and needs none. They accept
 * unknown fields: a client may be older than the worker that wrote the memo.
 */
export const WORKFLOW_MEMO: z.ZodType<Pick<WorkflowMemo, 'since'>> = z.object({ since });
export const PUBLISH_MEMO: z.ZodType<PublishMemo> = z.object({
  since,
  decisions,
  plan: z.object({ digest: Digest, round: z.int().positive() }).nullable(),
  artifacts: z.array(
    z.object({
      kind: z.string(),
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
  since,
  decisions,
  sealed: z.object({ manifest: Digest, files: z.int(), bytes: z.int(), sealedIn: z.array(z.string()) }).nullable(),
});
