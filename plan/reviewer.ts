import { z } from 'zod';
import { RepoId } from '../core/ids.js';
import { sanitizeLine } from '../core/text.js';
import type { ApprovalPolicy } from './approval.js';
import type { DecisionRecord } from './decision.js';

const MAX_NAME = 100;
/** Format characters (zero-width, direction, tags) and other invisible characters. */
const INVISIBLE = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;
/** White space, and the Braille pattern without dots, which looks like white space. */
const BLANKS = /[\s\u2800]+/gu;

const compatible = (name: string): string => name.replace(INVISIBLE, '').normalize('NFKC');

/**
 * Normalises a name for storage and display: compatible forms of Unicode become one (NFKC), and invisible characters
 * are removed.
 */
export const plainName = (name: string): string =>
  // Twice: the compatible form of some characters is invisible.
  sanitizeLine(compatible(compatible(name)).replace(BLANKS, ' '), MAX_NAME);

/**
 * Folds the case of a name. Upper case comes first: it joins letters that lower case keeps apart (ß and ss, both small
 * sigmas).
 */
const folded = (name: string): string => plainName(name).toUpperCase().toLowerCase();

/** Returns true for two spellings of one name. Letters that only look alike stay different: see {@link isKnownPerson}. */
export const isSameName = (a: string, b: string): boolean => folded(a) === folded(b);

/**
 * Returns true for a name that identifies one person: that of a Hub account, or an e-mail address, both in ASCII. Any other
 * name has spellings that look like it and are not equal to it.
 */
export const isKnownPerson = (name: string): boolean => {
  const plain = plainName(name);
  // An account owns repositories under its name, so its name must fit a repository id.
  return RepoId.safeParse(`${plain}/x`).success || z.email().safeParse(plain).success;
};

/** The approval rules, and the self-reported starter of the publish; null if the starter is unknown. */
export interface ApprovalTerms {
  readonly policy: ApprovalPolicy;
  readonly startedBy: string | null;
}

/** Returns true for rules that compare names. Under other rules any name may approve: one approval is enough. */
const comparesNames = ({ self, required }: ApprovalPolicy): boolean => self === 'deny' || required > 1;

/**
 * Returns true for a name that identifies a person. A login is known on one machine only, and often differs from the
 * account.
 */
const identifiesPerson = ({ reviewer, identity }: Pick<DecisionRecord, 'reviewer' | 'identity'>): boolean =>
  identity !== 'os' && isKnownPerson(reviewer);

/**
 * Returns the reason why a reviewer may not approve; null if the reviewer may.
 *
 * - `self`: the reviewer started the publish, or it is unknown who did
 * - `reviewer`: the name does not identify one person
 */
export const approvalFault = (
  { policy, startedBy }: ApprovalTerms,
  reviewer: Pick<DecisionRecord, 'reviewer' | 'identity'>,
): 'self' | 'reviewer' | null => {
  if (!comparesNames(policy)) return null;
  if (policy.self === 'deny' && (startedBy === null || !isKnownPerson(startedBy))) return 'self';
  if (!identifiesPerson(reviewer)) return 'reviewer';
  return policy.self === 'deny' && startedBy !== null && isSameName(startedBy, reviewer.reviewer) ? 'self' : null;
};

/** Returns true for enough approvals under these terms, each of a different person who may give it. */
export const areEnough = (terms: ApprovalTerms, approvals: readonly DecisionRecord[]): boolean =>
  approvals.length >= terms.policy.required &&
  approvals.every(
    (approval, at) =>
      approvalFault(terms, approval) === null &&
      approvals.slice(0, at).every((earlier) => !isSameName(earlier.reviewer, approval.reviewer)),
  );
