import { z } from 'zod';
import { Digest } from '../../core/ids.js';

/** An entry that should be published again, and a digest of what speaks for it at each of its targets. */
export const Repair = z.strictObject({
  entry: z.string(),
  /** Each of the findings of one target that a publish would mend, the same night after night while nothing changes. */
  findings: z.array(Digest).readonly(),
});
export type Repair = z.infer<typeof Repair>;

/** What became of a publish that re-validation would start. */
export interface RepairReport {
  readonly entry: string;
  readonly outcome: 'started' | 'runs' | 'ended-before' | 'refused';
  readonly reason?: string;
}

/** One repair for each entry, however many of its targets want it. */
export const mergeRepairs = (repairs: readonly Repair[]): Repair[] => {
  const merged = new Map<string, readonly Digest[]>();
  for (const { entry, findings } of repairs) merged.set(entry, [...(merged.get(entry) ?? []), ...findings]);
  return [...merged].map(([entry, findings]) => ({ entry, findings }));
};
