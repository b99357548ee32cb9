import { oneLine } from '../../core/text.js';

/** What is wrong, or worth knowing, about the heads of a checkpoint. `blocked` means: do not publish. */
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

const SHOWN = 5;

/** The first few names of a list that may be very long. */
export const someOf = (names: readonly string[]): string => {
  const shown = names
    .slice(0, SHOWN)
    .map((name) => oneLine(name, 240))
    .join(', ');
  return names.length > SHOWN ? `${shown} and ${names.length - SHOWN} more` : shown;
};

export const blockedBy = (code: MtpProblem['code'], message: string): MtpProblem => ({ code, severity: 'blocked', message });
export const warnOf = (code: MtpProblem['code'], message: string): MtpProblem => ({ code, severity: 'warn', message });

/** One problem over a list of names, none where the list is empty. */
export const problemsOver = (names: readonly string[], make: (shown: string) => MtpProblem): MtpProblem[] =>
  names.length === 0 ? [] : [make(someOf(names))];
