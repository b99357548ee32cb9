import { z } from 'zod';
import { RepoId } from '../core/ids.js';
import { sanitizeLine } from '../core/text.js';
import type { ApprovalPolicy } from './approval.js';
import type { DecisionRecord } from './decision.js';

const MAX_NAME = 100;
/** Format characters (zero-width, direction, tags) and others that no screen shows. */
const INVISIBLE = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;
/** White space, and the pattern of Braille without dots, which looks like it. */
const BLANKS = /[\s\u2800]+/gu;

const compatible = (name: string): string => name.replace(INVISIBLE, '').normalize('NFKC');

/** A name as it is kept and shown: texts that Unicode calls equal become one (NFKC), and invisible characters go. */
export const plainName = (name: string): string =>
  // Twice: the compatible form of some characters is invisible.
  sanitizeLine(compatible(compatible(name)).replace(BLANKS, ' '), MAX_NAME);

/** Upper case first: it joins letters that lower case keeps apart (ß and ss, both small sigmas). */
const folded = (name: string): string => plainName(name).toUpperCase().toLowerCase();

/** True for two spellings of one name. Letters that only look alike stay different: see {@link isKnownPerson}. */
export const isSameName = (a: string, b: string): boolean => folded(a) === folded(b);

/**
 * True for a name that tells one person from another: that of a Hub account, or an e-mail address, both in ASCII. Any
 * other name has spellings that look like it and are not equal to it.
 */
export const isKnownPerson = (name: string): boolean => {
  const plain = plainName(name);
  // An account owns repositories under its name.
  return RepoId.safeParse(`${plain}/x`).success || z.email().safeParse(plain).success;
};

/** Who has to approve, and who said to have started what is approved; null where that is unknown. */
export interface ApprovalTerms {
  readonly policy: ApprovalPolicy;
  readonly startedBy: string | null;
}

/** Under other policies any name may approve: one is enough, and no other name is compared with it. */
const tellsPeopleApart = ({ self, required }: ApprovalPolicy): boolean => self === 'deny' || required > 1;

/** A login is known on one machine only; a person's account and login often differ. */
const counts = ({ reviewer, identity }: Pick<DecisionRecord, 'reviewer' | 'identity'>): boolean =>
  identity !== 'os' && isKnownPerson(reviewer);

/**
 * The reason why a reviewer may not approve; null where they may.
 *
 * - `self`: they started it, or nobody can tell that they did not
 * - `reviewer`: the name does not tell one person from another
 */
export const approvalFault = (
  { policy, startedBy }: ApprovalTerms,
  reviewer: Pick<DecisionRecord, 'reviewer' | 'identity'>,
): 'self' | 'reviewer' | null => {
  if (!tellsPeopleApart(policy)) return null;
  if (policy.self === 'deny' && (startedBy === null || !isKnownPerson(startedBy))) return 'self';
  if (!counts(reviewer)) return 'reviewer';
  return policy.self === 'deny' && startedBy !== null && isSameName(startedBy, reviewer.reviewer) ? 'self' : null;
};

/** True for approvals that are enough under these terms, each of another person who may give it. */
export const areEnough = (terms: ApprovalTerms, approvals: readonly DecisionRecord[]): boolean =>
  approvals.length >= terms.policy.required &&
  approvals.every(
    (approval, at) =>
      approvalFault(terms, approval) === null &&
      approvals.slice(0, at).every((earlier) => !isSameName(earlier.reviewer, approval.reviewer)),
  );
