import { z } from 'zod';
import { CommitSha, Digest } from '../core/ids.js';
import { CampaignTotals } from '../plan/campaign/campaign-totals.js';
import { Problem } from '../plan/problem.js';
import { REVALIDATIONS } from './names.js';

const which = z.enum(REVALIDATIONS);
const Found = z.object({ entry: z.string().nullable(), target: z.string().nullable(), code: z.string(), message: z.string() });

/** An event that a person may want to know about immediately. */
export const Notification = z.discriminatedUnion('event', [
  z.strictObject({ event: z.literal('awaiting-approval'), entry: z.string(), plan: Digest }),
  z.strictObject({ event: z.literal('awaiting-release'), entry: z.string(), target: z.string(), manifest: Digest }),
  z.strictObject({ event: z.literal('needs-attention'), entry: z.string(), workflow: z.string(), problem: Problem }),
  z.strictObject({ event: z.literal('published'), entry: z.string(), target: z.string(), commit: CommitSha }),
  z.strictObject({ event: z.literal('findings'), which, attention: z.int(), first: z.array(Found) }),
  z.strictObject({ event: z.literal('campaign'), id: z.string(), plan: Digest, totals: CampaignTotals }),
  z.strictObject({ event: z.literal('campaign-failed'), id: z.string(), reason: z.string() }),
  z.strictObject({ event: z.literal('revalidation-failed'), which, reason: z.string() }),
]);
export type Notification = z.infer<typeof Notification>;
