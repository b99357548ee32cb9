import { isIntegrity, levelOf, type FleetFinding } from './finding.js';

/** Findings in a bounded form: a list that may be long is its first rows, counts, and a digest of all. */
export interface FindingTable {
  /** The gravest come first. */
  readonly rows: readonly FleetFinding[];
  readonly attention: number;
  /** Of those, after which readers get something else than was published. */
  readonly integrity: number;
  readonly info: number;
  /** Of every finding, shown or not; null where there are none. */
  readonly digest: string | null;
}

/** Rows of one batch, and of a whole run: they lie in a workflow's history. */
export const BATCH_ROWS = 50;
export const RUN_ROWS = 200;

export const NO_FINDINGS: FindingTable = { rows: [], attention: 0, integrity: 0, info: 0, digest: null };

const rank = (found: FleetFinding): number => (isIntegrity(found) ? 0 : levelOf(found) === 'attention' ? 1 : 2);

const gravestFirst = (findings: readonly FleetFinding[]): FleetFinding[] => findings.toSorted((a, b) => rank(a) - rank(b));

/**
 * @param digest of these findings and of those before them; where there are none, what it was before
 */
export const tableOf = (findings: readonly FleetFinding[], digest: string | null, most = BATCH_ROWS): FindingTable => {
  const attention = findings.filter((one) => levelOf(one) === 'attention').length;
  const integrity = findings.filter(isIntegrity).length;
  return { rows: gravestFirst(findings).slice(0, most), attention, integrity, info: findings.length - attention, digest };
};

/** One table after another; the later one's digest covers both. */
export const joinTables = (before: FindingTable, after: FindingTable, most = RUN_ROWS): FindingTable => ({
  rows: gravestFirst([...before.rows, ...after.rows]).slice(0, most),
  attention: before.attention + after.attention,
  integrity: before.integrity + after.integrity,
  info: before.info + after.info,
  digest: after.digest,
});
