import { SwpError, type ErrorKind } from '../core/error.js';

/** How a run of larql ended. */
export interface LarqlEnd {
  /** Its exit code, 128 + n after signal n. */
  readonly code: number;
  /** The last lines of its standard error. */
  readonly lastLines: readonly string[];
}

interface Meaning {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly what: string;
  readonly hint: string;
}

const SIGABRT = 134;
const SIGKILL = 137;
const PANIC = 101;
const USAGE = 2;
const SHOWN_LINES = 5;

/** What larql says before exit code 1, and what it means (`larql.md` §1.5). */
const SAID: readonly (readonly [RegExp, Meaning])[] = [
  [
    /No space left on device|os error 28/,
    {
      kind: 'conflict',
      code: 'larql/disk-full',
      what: 'larql ran out of disk',
      hint: 'Free disk under SWP_SCRATCH, then retry; or move to another host.',
    },
  ],
  [
    /unsupported architecture/,
    {
      kind: 'invalid',
      code: 'larql/architecture',
      what: 'This larql cannot extract models of this architecture',
      hint: 'Abandon; publish the model when a larql can extract it.',
    },
  ],
  [
    /not a directory:|no safetensors files in|tokenizer\.json not found|config\.json not found/,
    {
      kind: 'integrity',
      code: 'larql/source',
      what: 'larql does not find what was staged for it',
      hint: 'Retry: the source is staged again. If it stays so, look whether the repository is a model that larql reads.',
    },
  ],
  [
    /missing tensor|missing required field|config validation failed|parse error/,
    {
      kind: 'invalid',
      code: 'larql/model',
      what: 'larql cannot read this model',
      hint: 'Look at the config and the files of the source; abandon if it is not a model for larql.',
    },
  ],
];

const meaningOf = ({ code, lastLines }: LarqlEnd): Meaning => {
  const said = SAID.find(([pattern]) => lastLines.some((line) => pattern.test(line)));
  if (code === 1 && said !== undefined) return said[1];
  if (code === USAGE)
    return {
      kind: 'invalid',
      code: 'larql/usage',
      what: 'This larql does not take what SWP asks of it',
      hint: 'Look which larql SWP_LARQL or PATH names, and put a newer one there.',
    };
  if (code === PANIC)
    return {
      kind: 'internal',
      code: 'larql/panic',
      what: 'larql broke down',
      hint: 'Retry once. If it stays so, its last lines are for the people who make larql; a zero-byte shard or NaN weights do this.',
    };
  if (code === SIGKILL || code === SIGABRT)
    return {
      kind: 'conflict',
      code: 'larql/out-of-memory',
      what: `larql was ${code === SIGKILL ? 'killed, most likely because memory ran out' : 'refused memory'}`,
      hint: 'Free memory on the high-memory host and retry, or move to one with more.',
    };
  return {
    kind: 'internal',
    code: 'larql/failed',
    what: `larql ended with exit code ${code}`,
    hint: 'Its last lines say why. Mend that, then retry.',
  };
};

/** What a run that failed means, and what a person can do about it. */
export const larqlFailure = (end: LarqlEnd): SwpError => {
  const { kind, code, what, hint } = meaningOf(end);
  const shown = end.lastLines.slice(-SHOWN_LINES).join(' | ');
  return new SwpError(kind, code, `${what}${shown === '' ? '.' : `: ${shown}`}`, { hint });
};
