import { messageOf, type ErrorKind, type SwpError } from '../../../core/error.js';
import type { Digest, Sha256 } from '../../../core/ids.js';
import type { DownMetaDifference } from '../../../formats/vindex/compare-down-meta.js';
import type { BuildEnvironment } from '../../../plan/provenance.js';

export interface FileDigest {
  readonly size: number;
  readonly sha256: Sha256;
}

/** A file as it was published, beside the one that its source gives here. */
export interface RebuiltFile {
  readonly path: string;
  /** `missing` from what was published, `unexpected` there: its source gives no such file. */
  readonly verdict: 'equal' | 'differs' | 'missing' | 'unexpected';
  readonly published: FileDigest | null;
  readonly rebuilt: FileDigest | null;
}

/** Why something is not reproduced. The kind decides on the exit code. */
export interface Reason {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly message: string;
  readonly hint: string | null;
}

/**
 * What came of building a published payload again. `not-reproduced` is neither success nor tampering: this machine
 * computes other last bits. `cannot` says that nothing was compared, and why.
 */
export interface Rebuild {
  readonly outcome: 'reproduced' | 'not-reproduced' | 'differs' | 'cannot';
  /** Null where there is no record that names one. */
  readonly recipe: Digest | null;
  /** Null where it is reproduced. */
  readonly reason: Reason | null;
  /** Payload and what was copied from the source; the card is neither. Empty where nothing was built. */
  readonly files: readonly RebuiltFile[];
  /** What beside the recipe may decide on last bits: as it was published, and here; null where that is not known. */
  readonly environment: { readonly recorded: BuildEnvironment | null; readonly here: BuildEnvironment | null };
  /** Where the numbers of `down_meta.bin` were compared. */
  readonly downMeta: DownMetaDifference | null;
}

export const reasonOf = (error: SwpError): Reason => ({
  code: error.code,
  kind: error.kind,
  message: messageOf(error),
  hint: error.hint ?? null,
});
