import type { ErrorKind } from '../core/error.js';
import type { FindingTable } from '../plan/findings/finding-table.js';

/** Exit codes of `swp`. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  invalid: 3,
  stale: 4,
  unavailable: 5,
  access: 6,
  integrity: 7,
  awaitingApproval: 8,
  nothingToDo: 9,
  rejected: 10,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const BY_KIND: Record<ErrorKind, ExitCode> = {
  usage: EXIT.usage,
  invalid: EXIT.invalid,
  stale: EXIT.stale,
  unavailable: EXIT.unavailable,
  access: EXIT.access,
  quota: EXIT.access,
  integrity: EXIT.integrity,
  'not-found': EXIT.failed,
  conflict: EXIT.failed,
  internal: EXIT.failed,
};

export const exitCodeOf = (kind: ErrorKind): ExitCode => BY_KIND[kind];

/** Returns `integrity` if readers get other files than were published, else `failed` if a finding needs attention. */
export const exitOfFindings = ({ integrity, attention }: Pick<FindingTable, 'integrity' | 'attention'>): ExitCode => {
  if (integrity > 0) return EXIT.integrity;
  return attention > 0 ? EXIT.failed : EXIT.ok;
};
