import { repoKey, type Digest } from '../../core/ids.js';
import { compareBytes, plural } from '../../core/text.js';
import { digestOf } from '../../core/digests.js';
import { wantsRepair, type Finding, type FleetFinding } from './finding.js';
import type { Repair } from './repair.js';
import { tableOf, type FindingTable } from './finding-table.js';

/** Digest of a run's findings so far: of those before, and of what a batch adds in its order. */
export const chainFindings = (before: string | null, findings: readonly FleetFinding[]): string | null =>
  findings.length === 0 ? before : digestOf({ before, findings });

/**
 * The table of a batch, in a run whose findings so far have this digest.
 *
 * @param most rows
 */
export const tableAfter = (before: string | null, findings: readonly FleetFinding[], most?: number): FindingTable =>
  tableOf(findings, chainFindings(before, findings), most);

/** More of one target are counted: somebody may have replaced each of a hundred thousand files. */
const TARGET_FINDINGS = 50;

/** The findings of one target in a bounded list: of each kind the first, and the rest as one of them with their count and digest. */
export const boundFindings = (findings: readonly Finding[], most = TARGET_FINDINGS): readonly Finding[] =>
  [...new Set(findings.map(({ code }) => code))].flatMap((code) => {
    const those = findings.filter((one) => one.code === code);
    const rest = those.slice(most);
    if (rest.length < 2) return those;
    const more = `and ${plural(rest.length, 'more finding')} (${digestOf(rest)}); swp verify lists them all.`;
    return [...those.slice(0, most), { code, path: null, message: more }];
  });

/** What should be published again, a repair for each target; those of an entry are to be merged. */
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

/** The digest that a publish is started for: of everything at the targets of its entry. */
export const repairDigest = ({ findings }: Repair): Digest => digestOf([...findings].toSorted());
