import { truncateList } from '../../core/text.js';

/** A problem or a warning about the heads of a checkpoint. `blocked` means: do not publish. */
export interface MtpProblem {
  readonly code:
    | 'none-found'
    | 'missing-tensor'
    | 'missing-file'
    | 'two-copies'
    | 'two-sources'
    | 'undecodable'
    | 'orphan-scale'
    | 'block-size'
    | 'quantization-unsaid'
    | 'head-count'
    | 'mixed-layouts'
    | 'head-gap'
    | 'not-classic'
    | 'own-output-head'
    | 'not-bound'
    | 'too-many-tensors';
  readonly severity: 'warn' | 'blocked';
  readonly message: string;
}

export const blockedBy = (code: MtpProblem['code'], message: string): MtpProblem => ({ code, severity: 'blocked', message });
export const warnOf = (code: MtpProblem['code'], message: string): MtpProblem => ({ code, severity: 'warn', message });

/** Returns one problem for a list of names, or none for an empty list. */
export const problemsOver = (names: readonly string[], make: (shown: string) => MtpProblem): MtpProblem[] =>
  names.length === 0 ? [] : [make(truncateList(names))];
