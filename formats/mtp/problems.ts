import { oneLine } from '../../core/text.js';

/** What is wrong, or worth knowing, about the heads of a checkpoint. `blocked` means: do not publish. */
export interface MtpProblem {
  readonly code: 'none-found' | 'missing-tensor' | 'missing-file' | 'two-copies' | 'unsupported-dtype' | 'head-count' | 'not-bound';
  readonly severity: 'warn' | 'blocked';
  readonly message: string;
}

const SHOWN = 5;

/** The first few names of a list that may be very long. */
export const someOf = (names: readonly string[]): string => {
  const shown = names
    .slice(0, SHOWN)
    .map((name) => oneLine(name, 120))
    .join(', ');
  return names.length > SHOWN ? `${shown} and ${names.length - SHOWN} more` : shown;
};
