import { problemText, type Problem } from '../../catalog/problem.js';
import type { RepoId } from '../../core/ids.js';

interface Meaning {
  /** `attention` needs a person; `info` may interest a person, and nothing is wrong. */
  readonly level: 'attention' | 'info';
  /** Readers get other content than was published, or this is no longer known. */
  readonly integrity: boolean;
  /** A new publish would fix it. */
  readonly repair: boolean;
}

const DIFFERS: Meaning = { level: 'attention', integrity: true, repair: true };
/** The Hub lists a file correctly but serves other bytes, or others made a commit: a commit of SWP cannot fix that. */
const NOT_OURS: Meaning = { level: 'attention', integrity: true, repair: false };
const OUT_OF_DATE: Meaning = { level: 'attention', integrity: false, repair: true };
const FOR_A_PERSON: Meaning = { level: 'attention', integrity: false, repair: false };
const NOTHING_WRONG: Meaning = { level: 'info', integrity: false, repair: false };

/** Codes of all findings about published targets, with their meanings. */
export const FINDINGS = {
  'catalog-invalid': FOR_A_PERSON,
  'target-absent': FOR_A_PERSON,
  unpublished: FOR_A_PERSON,
  unreadable: FOR_A_PERSON,
  'record-broken': DIFFERS,
  'plan-differs': DIFFERS,
  'other-target': DIFFERS,
  'recipe-differs': DIFFERS,
  'not-approved': DIFFERS,
  'file-gone': DIFFERS,
  'file-differs': DIFFERS,
  'card-differs': DIFFERS,
  'bytes-differ': NOT_OURS,
  'foreign-commit': NOT_OURS,
  'later-commits': NOTHING_WRONG,
  'source-gone': FOR_A_PERSON,
  'source-private': FOR_A_PERSON,
  'source-moved': NOTHING_WRONG,
  'source-differs': OUT_OF_DATE,
  'license-differs': OUT_OF_DATE,
  'other-source': NOTHING_WRONG,
} as const satisfies Readonly<Record<string, Meaning>>;

export type FindingCode = keyof typeof FINDINGS;

/** A fact about a target that differs from the state that our publish left. */
export interface Finding {
  readonly code: FindingCode;
  /** The file that the finding is about; null if it is about none. */
  readonly path: string | null;
  readonly message: string;
  /** Identifies the finding among others at the same place; set if the message holds more than that. */
  readonly key?: string;
}

/** A finding with its entry and target. */
export interface FleetFinding extends Finding {
  /** Null for a finding about the catalog itself. */
  readonly entry: string | null;
  readonly target: RepoId | null;
}

export const finding = (code: FindingCode, message: string, path: string | null = null): Finding => ({ code, path, message });

const MEANINGS: ReadonlyMap<string, Meaning> = new Map(Object.entries(FINDINGS));

/** Returns the meaning of a finding. An unknown code, from another version of SWP, needs attention. */
const meaningOf = ({ code }: { readonly code: string }): Meaning => MEANINGS.get(code) ?? FOR_A_PERSON;

/** Converts the mistakes of a catalog to findings without a target. */
export const catalogFindings = (problems: readonly Problem[]): FleetFinding[] =>
  problems.map((problem) => ({ entry: null, target: null, ...finding('catalog-invalid', problemText(problem)) }));

export const levelOf = (found: Pick<Finding, 'code'>): Meaning['level'] => meaningOf(found).level;

/** Returns true if readers of a target get other content than was published, or this is no longer known. */
export const isIntegrity = (found: Pick<Finding, 'code'>): boolean => meaningOf(found).integrity;

/** Returns true if something is wrong, and a new publish would fix it. */
export const wantsRepair = (found: Pick<Finding, 'code'>): boolean => meaningOf(found).repair;
