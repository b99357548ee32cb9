import { SwpError, type ErrorKind } from '../core/error.js';

/** The end of a larql run. */
export interface LarqlEnd {
  /** The exit code; 128 + n after signal n. */
  readonly code: number;
  /** The last lines of standard error. */
  readonly lastLines: readonly string[];
}

interface Classification {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly summary: string;
  readonly hint: string;
}

const SIGABRT = 134;
const SIGKILL = 137;
const PANIC = 101;
const USAGE = 2;
const SHOWN_LINES = 5;

/** Patterns in the output before exit code 1, with the classification of each. */
const KNOWN_FAILURES: readonly (readonly [RegExp, Classification])[] = [
  [
    /No space left on device|os error 28/,
    {
      kind: 'conflict',
      code: 'larql/disk-full',
      summary: 'larql ran out of disk space',
      hint: 'Free disk space under SWP_SCRATCH, then retry; or move to another host.',
    },
  ],
  [
    /unsupported architecture/,
    {
      kind: 'invalid',
      code: 'larql/architecture',
      summary: 'This larql cannot extract models of this architecture',
      hint: 'Abandon this publish. Start it again when a larql can extract the model.',
    },
  ],
  [
    /not a directory:|no safetensors files in|tokenizer\.json not found|config\.json not found/,
    {
      kind: 'integrity',
      code: 'larql/source',
      summary: 'larql cannot find the source that SWP staged for it',
      hint: 'Retry: SWP stages the source again. If it fails again, check that the repository is a model that larql can read.',
    },
  ],
  [
    /missing tensor|missing required field|config validation failed|parse error/,
    {
      kind: 'invalid',
      code: 'larql/model',
      summary: 'larql cannot read this model',
      hint: 'Check the config and the files of the source; abandon if larql does not support this model.',
    },
  ],
];

const classify = ({ code, lastLines }: LarqlEnd): Classification => {
  const known = KNOWN_FAILURES.find(([pattern]) => lastLines.some((line) => pattern.test(line)));
  if (code === 1 && known !== undefined) return known[1];
  if (code === USAGE)
    return {
      kind: 'invalid',
      code: 'larql/usage',
      summary: 'This larql does not accept the arguments that SWP passes to it',
      hint: 'Find the larql that SWP_LARQL or PATH names, and install a newer one there.',
    };
  if (code === PANIC)
    return {
      kind: 'internal',
      code: 'larql/panic',
      summary: 'larql crashed',
      hint: 'Retry once. If it crashes again, report its last lines to the developers of larql. A zero-byte shard or NaN weights can cause this.',
    };
  if (code === SIGKILL || code === SIGABRT)
    return {
      kind: 'conflict',
      code: 'larql/out-of-memory',
      summary: code === SIGKILL ? 'larql was killed, most likely because memory ran out' : 'larql could not allocate memory',
      hint: 'Free memory on the high-memory host, then retry; or move to a host with more memory.',
    };
  return {
    kind: 'internal',
    code: 'larql/failed',
    summary: `larql ended with exit code ${code}`,
    hint: 'Read the cause in its last lines and fix it, then retry.',
  };
};

/** Converts a failed run to an error with a hint for the operator. */
export const larqlFailure = (end: LarqlEnd): SwpError => {
  const { kind, code, summary, hint } = classify(end);
  const shown = end.lastLines.slice(-SHOWN_LINES).join(' | ');
  return new SwpError(kind, code, `${summary}${shown === '' ? '.' : `: ${shown}`}`, { hint });
};
