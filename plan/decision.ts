import { z } from 'zod';
import { Digest } from '../core/ids.js';
import { sanitizeLine } from '../core/text.js';
import { plainName } from './reviewer.js';

/** With fewer digits, a search finds two plans that share them: for twelve digits it takes a minute. */
const PREFIX_DIGITS = 32;
const REFERENCE = new RegExp(`^(?:sha256:)?[0-9a-f]{${PREFIX_DIGITS},64}$`);

/** Schema of a digest as people copy it: whole, or at least its first 32 digits. */
export const digestReference = (what: string) =>
  z
    .string()
    .trim()
    .toLowerCase()
    .regex(
      REFERENCE,
      `must be all 64 hex digits of the ${what} digest, or at least its first ${PREFIX_DIGITS}: a shorter prefix can match a forged ${what}`,
    );

const Line = (max: number) =>
  z
    .string()
    .max(2000)
    .transform((text) => sanitizeLine(text, max));

/**
 * The origin of a reviewer's name: the account of a Hub token, or the login on a machine. Absent for a name that was typed.
 * Like the name itself, it is self-reported and not verified.
 */
export const ReviewerIdentity = z.enum(['hub', 'os']);
export type ReviewerIdentity = z.infer<typeof ReviewerIdentity>;

const decisionFields = {
  verdict: z.enum(['approve', 'reject']),
  reviewer: z.string().max(2000).transform(plainName).pipe(z.string().min(1, 'must name the person who decides')),
  identity: ReviewerIdentity.optional(),
  note: Line(500).optional(),
};

/** The decision that a person sends from a form or a terminal: one object for Signal `review` and Update `decide`. */
export const DecisionMessage = z.strictObject({ plan: digestReference('plan'), ...decisionFields });
export type DecisionMessage = z.infer<typeof DecisionMessage>;

/** The decision about a release. It names the sealed manifest, so that no approval of a plan counts as a release. */
export const ReleaseMessage = z.strictObject({ manifest: digestReference('manifest'), ...decisionFields });
export type ReleaseMessage = z.infer<typeof ReleaseMessage>;

export const DecisionRecord = z.strictObject({
  round: z.int().positive(),
  plan: Digest,
  /** Set for a decision about the release of the sealed files that were built from that plan. */
  manifest: Digest.optional(),
  verdict: z.enum(['approve', 'reject']),
  reviewer: z.string(),
  identity: ReviewerIdentity.optional(),
  note: z.string().optional(),
  /** Time when the workflow accepted it, ISO 8601 in UTC. */
  at: z.string(),
});
export type DecisionRecord = z.infer<typeof DecisionRecord>;

/** Returns true if a reference (whole, or at least 32 digits, with or without `sha256:`) names this digest. */
export const namesDigest = (reference: string, digest: Digest): boolean =>
  REFERENCE.test(reference) && digest.startsWith(`sha256:${reference.replace(/^sha256:/, '')}`);

/** Returns the first 32 hex digits, for running text. Messages and commands carry the whole digest. */
export const shortDigest = (digest: Digest): string => digest.slice('sha256:'.length, 'sha256:'.length + PREFIX_DIGITS);

const IDENTITY_LABELS: Record<ReviewerIdentity, string> = { hub: 'Hub account', os: 'login' };

/** Formats a reviewer for people: `alice (Hub account)`, `alice (login)`, or `alice` for a typed name. */
export const reviewerText = ({
  reviewer,
  identity,
}: Pick<DecisionRecord, 'reviewer'> & Partial<Pick<DecisionRecord, 'identity'>>): string =>
  identity === undefined ? reviewer : `${reviewer} (${IDENTITY_LABELS[identity]})`;

/** Formats a decision in one line, without its plan. */
export const decisionText = (decision: DecisionRecord): string =>
  `${decision.verdict === 'approve' ? 'approved' : 'rejected'} by ${reviewerText(decision)}${decision.note === undefined ? '' : `: ${decision.note}`}`;
