import { z } from 'zod';
import type { Repair, RepairReport } from '../plan/findings/repair.js';
import type { FindingTable } from '../plan/findings/finding-table.js';

/** The targets of a catalog in batches, by name. */
export interface Fleet {
  readonly batches: readonly (readonly string[])[];
  readonly targets: number;
  /** What is wrong with the catalog itself. */
  readonly findings: FindingTable;
}

export const FleetRequest = z.strictObject({
  /** About so many targets a batch. */
  batch: z.int().positive(),
});
export type FleetRequest = z.infer<typeof FleetRequest>;

export const BatchRequest = z.strictObject({
  targets: z.array(z.string()).readonly(),
  /** Digest of what was found before. */
  before: z.string().nullable(),
});
export type BatchRequest = z.infer<typeof BatchRequest>;

/** A batch whose files are read once in so many weeks, and the week that it is. */
export const ReadBackRequest = BatchRequest.extend({ weeks: z.int().positive(), week: z.int() });
export type ReadBackRequest = z.infer<typeof ReadBackRequest>;

export interface CheckReport {
  readonly findings: FindingTable;
  readonly repairs: readonly Repair[];
}

export interface ReadBackReport {
  readonly findings: FindingTable;
  /** Read whole. */
  readonly files: number;
  /** Of them and of samples of the others, and of all files. */
  readonly bytes: number;
  readonly ofBytes: number;
}

/** What re-validation does: it reads, reports, and may start a publish that waits for approval. Nothing here writes to the Hub. */
export interface RevalidateActivities {
  readonly listFleet: (request: FleetRequest) => Promise<Fleet>;
  readonly checkTargets: (request: BatchRequest) => Promise<CheckReport>;
  readonly readBackTargets: (request: ReadBackRequest) => Promise<ReadBackReport>;
  readonly startRepairs: (repairs: readonly Repair[]) => Promise<readonly RepairReport[]>;
}
