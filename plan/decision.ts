import { z } from 'zod';
import { Digest } from '../core/ids.js';
import { sanitizeLine } from '../core/text.js';
import { plainName } from './reviewer.js';

/** With fewer digits, two plans that share them can be found: twelve take a minute. */
const PREFIX_DIGITS = 32;
const REFERENCE = new RegExp(`^(?:sha256:)?[0-9a-f]{${PREFIX_DIGITS},64}$`);

/** A digest as people copy it: whole, or at least its first 32 digits. */
export const digestReference = (what: string) =>
  z
    .string()
    .trim()
    .toLowerCase()
    .regex(REFERENCE, `must be all 64 hex digits of the ${what} digest, or at least its first ${PREFIX_DIGITS}: fewer can be forged`);

const Line = (max: number) =>
  z
    .string()
    .max(2000)
    .transform((text) => sanitizeLine(text, max));

/**
 * Where a reviewer's name comes from: the account of a Hub token, or the login on some machine. Absent: typed by hand.
 * A claim like the name itself, and no proof.
 */
export const ReviewerIdentity = z.enum(['hub', 'os']);
export type ReviewerIdentity = z.infer<typeof ReviewerIdentity>;

const decisionFields = {
  verdict: z.enum(['approve', 'reject']),
  reviewer: z.string().max(2000).transform(plainName).pipe(z.string().min(1, 'must name who decides')),
  identity: ReviewerIdentity.optional(),
  note: Line(500).optional(),
};

/** What a person sends, by form or by terminal: one object for Signal `review` and Update `decide`. */
export const DecisionMessage = z.strictObject({ plan: digestReference('plan'), ...decisionFields });
export type DecisionMessage = z.infer<typeof DecisionMessage>;

/** The same where what was sealed waits for its release: it names the manifest, so that no approval of a plan is taken for it. */
export const ReleaseMessage = z.strictObject({ manifest: digestReference('manifest'), ...decisionFields });
export type ReleaseMessage = z.infer<typeof ReleaseMessage>;

export const DecisionRecord = z.strictObject({
  round: z.int().positive(),
  plan: Digest,
  /** Set where it is about the release of what was sealed under that plan. */
  manifest: Digest.optional(),
  verdict: z.enum(['approve', 'reject']),
  reviewer: z.string(),
  identity: ReviewerIdentity.optional(),
  note: z.string().optional(),
  /** When the workflow took it, ISO 8601 in UTC. */
  at: z.string(),
});
export type DecisionRecord = z.infer<typeof DecisionRecord>;

/** True when a reference (whole, or at least 32 digits, with or without `sha256:`) names this digest. */
export const namesDigest = (reference: string, digest: Digest): boolean =>
  REFERENCE.test(reference) && digest.startsWith(`sha256:${reference.replace(/^sha256:/, '')}`);

/** The first 32 hex digits, for running text. Messages and commands carry the whole digest. */
export const shortDigest = (digest: Digest): string => digest.slice('sha256:'.length, 'sha256:'.length + PREFIX_DIGITS);

const FROM: Record<ReviewerIdentity, string> = { hub: 'Hub account', os: 'login' };

/** Who decided, as people read it: `alice (Hub account)`, `alice (login)`, or `alice` as she typed it. */
export const reviewerText = ({
  reviewer,
  identity,
}: Pick<DecisionRecord, 'reviewer'> & Partial<Pick<DecisionRecord, 'identity'>>): string =>
  identity === undefined ? reviewer : `${reviewer} (${FROM[identity]})`;

/** A decision in one line, without the plan that it is for. */
export const decisionText = (decision: DecisionRecord): string =>
  `${decision.verdict === 'approve' ? 'approved' : 'rejected'} by ${reviewerText(decision)}${decision.note === undefined ? '' : `: ${decision.note}`}`;
