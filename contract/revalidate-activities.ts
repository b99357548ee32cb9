import { z } from 'zod';
import type { Repair, RepairReport } from '../plan/findings/repair.js';
import type { FindingTable } from '../plan/findings/finding-table.js';

/** The targets of a catalog, by repository name, in batches. */
export interface Fleet {
  readonly batches: readonly (readonly string[])[];
  readonly targets: number;
  /** Findings about the catalog itself. */
  readonly findings: FindingTable;
}

export const FleetRequest = z.strictObject({
  /** Approximate number of targets in a batch: targets of one source share a batch. */
  batch: z.int().positive(),
});
export type FleetRequest = z.infer<typeof FleetRequest>;

export const BatchRequest = z.strictObject({
  targets: z.array(z.string()).readonly(),
  /** Digest of the findings so far; null if there are none. */
  before: z.string().nullable(),
});
export type BatchRequest = z.infer<typeof BatchRequest>;

/** A batch whose files are each read whole once in `weeks` weeks; `week` is the number of the current week. */
export const ReadBackRequest = BatchRequest.extend({ weeks: z.int().positive(), week: z.int() });
export type ReadBackRequest = z.infer<typeof ReadBackRequest>;

export interface CheckReport {
  readonly findings: FindingTable;
  readonly repairs: readonly Repair[];
}

export interface ReadBackReport {
  readonly findings: FindingTable;
  /** Number of files that were read whole. */
  readonly files: number;
  /** Bytes read: whole files, and samples of the other files. */
  readonly bytes: number;
  /** Bytes of all files. */
  readonly ofBytes: number;
}

/**
 * The steps of re-validation. They read, report, and start publishes that wait for approval. None of them writes to the
 * Hub.
 */
export interface RevalidateActivities {
  readonly listFleet: (request: FleetRequest) => Promise<Fleet>;
  readonly checkTargets: (request: BatchRequest) => Promise<CheckReport>;
  readonly readBackTargets: (request: ReadBackRequest) => Promise<ReadBackReport>;
  readonly startRepairs: (repairs: readonly Repair[]) => Promise<readonly RepairReport[]>;
}
