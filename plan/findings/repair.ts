import { z } from 'zod';
import { Digest } from '../../core/ids.js';

/** An entry that needs a new publish, with a digest of the reasons at each of its targets. */
export const Repair = z.strictObject({
  entry: z.string(),
  /** One digest per target, of the findings that a publish would fix. It is the same every night while nothing changes. */
  findings: z.array(Digest).readonly(),
});
export type Repair = z.infer<typeof Repair>;

/** The result of starting a publish for a repair. */
export interface RepairReport {
  readonly entry: string;
  readonly outcome: 'started' | 'runs' | 'ended-before' | 'refused';
  readonly reason?: string;
}

/** Merges the repairs of each entry's targets into one. */
export const mergeRepairs = (repairs: readonly Repair[]): Repair[] => {
  const merged = new Map<string, readonly Digest[]>();
  for (const { entry, findings } of repairs) merged.set(entry, [...(merged.get(entry) ?? []), ...findings]);
  return [...merged].map(([entry, findings]) => ({ entry, findings }));
};
