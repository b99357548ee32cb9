import { repoKey, type Digest } from '../../core/ids.js';
import { compareBytes, plural } from '../../core/text.js';
import { digestOf } from '../../core/digests.js';
import { wantsRepair, type Finding, type FleetFinding } from './finding.js';
import type { Repair } from './repair.js';
import { tableOf, type FindingTable } from './finding-table.js';

/** Returns the digest of a run's findings so far: of the digest before, and of the findings of a batch in their order. */
export const chainFindings = (before: string | null, findings: readonly FleetFinding[]): string | null =>
  findings.length === 0 ? before : digestOf({ before, findings });

/**
 * Returns the table of a batch, in a run whose earlier findings have the digest `before`.
 *
 * @param most limit of rows
 */
export const tableAfter = (before: string | null, findings: readonly FleetFinding[], most?: number): FindingTable =>
  tableOf(findings, chainFindings(before, findings), most);

/** Limit of findings of one code for one target. Further ones are counted: each of a hundred thousand files may differ. */
const TARGET_FINDINGS = 50;

/**
 * Bounds the findings of one target: keeps the first of each code, and replaces the rest by one finding with their
 * count and digest.
 */
export const boundFindings = (findings: readonly Finding[], most = TARGET_FINDINGS): readonly Finding[] =>
  [...new Set(findings.map(({ code }) => code))].flatMap((code) => {
    const sameCode = findings.filter((one) => one.code === code);
    const rest = sameCode.slice(most);
    if (rest.length < 2) return sameCode;
    const more = `and ${plural(rest.length, 'more finding')} (${digestOf(rest)}); swp verify lists them all.`;
    return [...sameCode.slice(0, most), { code, path: null, message: more }];
  });

/** Returns a repair for each target that needs a new publish. The caller has to merge the repairs of an entry. */
export const repairsOf = (findings: readonly FleetFinding[]): Repair[] => {
  const wanted = new Map<string, { entry: string; parts: string[] }>();
  for (const { entry, target, ...found } of findings)
    if (entry !== null && target !== null && wantsRepair(found)) {
      const at = wanted.get(repoKey(target)) ?? { entry, parts: [] };
      at.parts.push(JSON.stringify([target, found.code, found.path, found.key ?? found.message]));
      wanted.set(repoKey(target), at);
    }
  return [...wanted.values()].map(({ entry, parts }) => ({ entry, findings: [digestOf(parts.toSorted(compareBytes))] }));
};

/** Returns the digest for which a publish is started: of all findings at the targets of its entry. */
export const repairDigest = ({ findings }: Repair): Digest => digestOf([...findings].toSorted());
