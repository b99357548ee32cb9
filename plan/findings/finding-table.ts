import { isIntegrity, levelOf, type FleetFinding } from './finding.js';

/** Findings in a bounded form: the first rows of a list that may be long, counts, and a digest of all. */
export interface FindingTable {
  /** The most severe come first. */
  readonly rows: readonly FleetFinding[];
  readonly attention: number;
  /** Number of these findings after which readers get other content than was published. */
  readonly integrity: number;
  readonly info: number;
  /** Digest of every finding, shown or not; null if there are none. */
  readonly digest: string | null;
}

/** Limits of rows, for one batch and for a whole run: a workflow's history stores them. */
export const BATCH_ROWS = 50;
export const RUN_ROWS = 200;

export const NO_FINDINGS: FindingTable = { rows: [], attention: 0, integrity: 0, info: 0, digest: null };

const rank = (found: FleetFinding): number => (isIntegrity(found) ? 0 : levelOf(found) === 'attention' ? 1 : 2);

const mostSevereFirst = (findings: readonly FleetFinding[]): FleetFinding[] => findings.toSorted((a, b) => rank(a) - rank(b));

/**
 * Makes the table of some findings.
 *
 * @param digest the digest of these findings and all before them; the digest before if there are none
 */
export const tableOf = (findings: readonly FleetFinding[], digest: string | null, most = BATCH_ROWS): FindingTable => {
  const attention = findings.filter((one) => levelOf(one) === 'attention').length;
  const integrity = findings.filter(isIntegrity).length;
  return { rows: mostSevereFirst(findings).slice(0, most), attention, integrity, info: findings.length - attention, digest };
};

/** Joins two tables. The digest of the later one covers both. */
export const joinTables = (before: FindingTable, after: FindingTable, most = RUN_ROWS): FindingTable => ({
  rows: mostSevereFirst([...before.rows, ...after.rows]).slice(0, most),
  attention: before.attention + after.attention,
  integrity: before.integrity + after.integrity,
  info: before.info + after.info,
  digest: after.digest,
});
