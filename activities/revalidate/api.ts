import type { Repair, RepairReport } from '../../plan/findings/repair.js';
import type { Rotation } from '../../plan/findings/share.js';
import type { FindingTable } from '../../plan/findings/table.js';

/** The targets of a catalog in batches, by name. */
export interface Fleet {
  readonly batches: readonly (readonly string[])[];
  readonly targets: number;
  /** What is wrong with the catalog itself. */
  readonly findings: FindingTable;
}

export interface FleetRequest {
  /** About so many targets a batch. */
  readonly batch: number;
}

export interface BatchRequest {
  readonly targets: readonly string[];
  /** Digest of what was found before. */
  readonly before: string | null;
}

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
  readonly readBackTargets: (request: BatchRequest & Rotation) => Promise<ReadBackReport>;
  readonly startRepairs: (repairs: readonly Repair[]) => Promise<readonly RepairReport[]>;
}
