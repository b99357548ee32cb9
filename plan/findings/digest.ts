import type { Digest } from '../../core/ids.js';
import { compareBytes, plural } from '../../core/text.js';
import { digestOf } from '../canonical.js';
import { wantsRepair, type Finding, type FleetFinding } from './finding.js';

/** Digest of a run's findings so far: of those before, and of what a batch adds in its order. */
export const chainFindings = (before: string | null, findings: readonly FleetFinding[]): string | null =>
  findings.length === 0 ? before : digestOf({ before, findings });

/** More of one target are counted: somebody may have replaced each of a hundred thousand files. */
const TARGET_FINDINGS = 50;

/** The findings of one target in a bounded list, the rest as one of them with their count and digest. */
export const boundFindings = (findings: readonly Finding[], most = TARGET_FINDINGS): readonly Finding[] => {
  const [first, ...rest] = findings.slice(most);
  if (first === undefined || rest.length === 0) return findings;
  const more = `and ${plural(rest.length + 1, 'more finding')} (${digestOf([first, ...rest])}); swp verify lists them all.`;
  return [...findings.slice(0, most), { ...first, path: null, message: more }];
};

/** An entry that should be published again, and the digest of what speaks for it. */
export interface Repair {
  readonly entry: string;
  /** Of the findings that a publish would mend, whatever their order: the same night after night while nothing changes. */
  readonly findings: Digest;
}

/** Which entries should be published again. */
export const repairsOf = (findings: readonly FleetFinding[]): Repair[] => {
  const wanted = new Map<string, string[]>();
  for (const { entry, target, ...found } of findings)
    if (entry !== null && wantsRepair(found)) {
      const set = wanted.get(entry) ?? [];
      set.push(JSON.stringify([target, found.code, found.path, found.message]));
      wanted.set(entry, set);
    }
  return [...wanted].map(([entry, set]) => ({ entry, findings: digestOf(set.toSorted(compareBytes)) }));
};
