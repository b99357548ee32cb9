import { messageOf, type ErrorKind, type SwpError } from '../../../core/error.js';
import type { Digest, Sha256 } from '../../../core/ids.js';
import type { DownMetaDifference } from '../../../formats/vindex/compare-down-meta.js';
import type { BuildEnvironment } from '../../../plan/provenance.js';

export interface FileDigest {
  readonly size: number;
  readonly sha256: Sha256;
}

/** A published file and its rebuilt counterpart. */
export interface RebuiltFile {
  readonly path: string;
  /** `missing`: rebuilt but not published. `unexpected`: published but not rebuilt. */
  readonly verdict: 'equal' | 'differs' | 'missing' | 'unexpected';
  readonly published: FileDigest | null;
  readonly rebuilt: FileDigest | null;
}

/** The reason that a publish is not reproduced. The kind determines the exit code. */
export interface Reason {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly message: string;
  readonly hint: string | null;
}

/**
 * The result of rebuilding a published payload. `not-reproduced` means neither success nor tampering: this machine
 * computes other last bits. `cannot` means that nothing was compared.
 */
export interface Rebuild {
  readonly outcome: 'reproduced' | 'not-reproduced' | 'differs' | 'cannot';
  /** Null if no record names one. */
  readonly recipe: Digest | null;
  /** Null if the outcome is `reproduced`. */
  readonly reason: Reason | null;
  /** The payload and the files copied from the source, without the card. Empty if nothing was built. */
  readonly files: readonly RebuiltFile[];
  /** The environments of the publish and of this machine, which, like the recipe, can affect last bits; null if unknown. */
  readonly environment: { readonly recorded: BuildEnvironment | null; readonly here: BuildEnvironment | null };
  /** The numeric difference of `down_meta.bin`; null if its numbers were not compared. */
  readonly downMeta: DownMetaDifference | null;
}

export const reasonOf = (error: SwpError): Reason => ({
  code: error.code,
  kind: error.kind,
  message: messageOf(error),
  hint: error.hint ?? null,
});
