import { problemText, type Problem } from '../../catalog/problem.js';
import type { RepoId } from '../../core/ids.js';

interface Meaning {
  /** `attention` is for a person; `info` is what a person may want to know, and nothing is wrong. */
  readonly level: 'attention' | 'info';
  /** What readers get is not what was published, or nobody can tell any more. */
  readonly integrity: boolean;
  /** A new publish would mend it. */
  readonly repair: boolean;
}

const DIFFERS: Meaning = { level: 'attention', integrity: true, repair: true };
/** Listed right and served wrong, or committed by others: what SWP commits cannot mend that. */
const NOT_OURS: Meaning = { level: 'attention', integrity: true, repair: false };
const OUT_OF_DATE: Meaning = { level: 'attention', integrity: false, repair: true };
const FOR_A_PERSON: Meaning = { level: 'attention', integrity: false, repair: false };
const NOTHING_WRONG: Meaning = { level: 'info', integrity: false, repair: false };

/** Everything that can be found about what is published, and what it means. */
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

/** Something about a target that a publish of ours did not leave so. */
export interface Finding {
  readonly code: FindingCode;
  /** The file that it is about, where it is about one. */
  readonly path: string | null;
  readonly message: string;
  /** What tells it from another one at the same place, where the message tells more than that. */
  readonly key?: string;
}

/** A finding with where it was made. */
export interface FleetFinding extends Finding {
  /** Null for what is wrong with the catalog itself. */
  readonly entry: string | null;
  readonly target: RepoId | null;
}

export const finding = (code: FindingCode, message: string, path: string | null = null): Finding => ({ code, path, message });

const MEANINGS: ReadonlyMap<string, Meaning> = new Map(Object.entries(FINDINGS));

/** A finding of another version of SWP needs attention, as long as nobody knows better. */
const meaningOf = ({ code }: { readonly code: string }): Meaning => MEANINGS.get(code) ?? FOR_A_PERSON;

/** The mistakes of a catalog, as findings of nobody's target. */
export const catalogFindings = (problems: readonly Problem[]): FleetFinding[] =>
  problems.map((problem) => ({ entry: null, target: null, ...finding('catalog-invalid', problemText(problem)) }));

export const levelOf = (found: Pick<Finding, 'code'>): Meaning['level'] => meaningOf(found).level;

/** Whether readers of a target get something else than was published, as far as anyone can tell. */
export const isIntegrity = (found: Pick<Finding, 'code'>): boolean => meaningOf(found).integrity;

/** Whether something is wrong, and a new publish would mend it. */
export const wantsRepair = (found: Pick<Finding, 'code'>): boolean => meaningOf(found).repair;
