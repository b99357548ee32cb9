import { parseArgs } from 'node:util';
import { messageOf } from '../../core/error.js';
import { STAND_IN_MARKER } from '../../larql/stand-in.js';
import { LARQL_ERRORS, type Behaviour } from './behaviour.js';
import { extract, type StandIn } from './extract.js';
import { LarqlError, Panic, UsageError } from './failure.js';
import { slice } from './slice.js';

const VERSION = 'larql 0.1.0';

/** Returns the value of `--quant`, as larql parses it. */
const parseQuant = (word: string, { quantises, names }: Behaviour): 'none' | 'q4k' => {
  const known = ['none', ...(quantises ? ['q4k'] : []), ...(quantises && names === 'kquant' ? ['kquant'] : [])];
  if (known.includes(word)) return word === 'none' ? 'none' : 'q4k';
  throw new UsageError(
    `error: invalid value '${word}' for '--quant <QUANT>': unknown quant format: ${word} (expected: ${known.join(', ')})\n\nFor more information, try '--help'.`,
  );
};

const run = async (args: readonly string[], standIn: StandIn): Promise<string> => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      version: { type: 'boolean' },
      help: { type: 'boolean' },
      output: { type: 'string', short: 'o', default: '' },
      quant: { type: 'string', default: 'none' },
      preset: { type: 'string', default: '' },
      'dry-run': { type: 'boolean', default: false },
    },
  });
  const [command, source] = positionals;
  const { output } = values;
  if (values.version === true) return VERSION;
  if (values.help === true) return `Usage: larql ${command ?? '<COMMAND>'} [OPTIONS]\n\n${STAND_IN_MARKER}`;
  if (source === undefined || output === '') throw new UsageError('error: the following required arguments were not provided');
  switch (command) {
    case 'extract':
      await extract({ model: source, output, quant: parseQuant(values.quant, standIn.behaviour) }, standIn);
      return '';
    case 'slice':
      return slice({ source, output, preset: values.preset, dryRun: values['dry-run'] }, standIn);
    default:
      throw new UsageError(`error: unrecognized subcommand '${command}'`);
  }
};

const PANICKED = 101;

/** Returns the exit code of a failure and its message. */
const explain = (error: unknown): { readonly code: number; readonly message: string } => {
  if (error instanceof Panic) {
    const note = 'note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace';
    return { code: PANICKED, message: `\nthread 'main' (1) panicked at ${error.place}:\n${error.message}\n${note}` };
  }
  if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return { code: 1, message: `Error: ${LARQL_ERRORS.diskFull}` };
  return error instanceof LarqlError ? { code: 1, message: `Error: ${error.message}` } : { code: 2, message: messageOf(error) };
};

/**
 * Runs a stand-in for larql, for tests: it replays recordings of the real program, with the arguments that SWP uses, and larql's exit
 * codes.
 *
 * @returns the exit code, and the text for standard output
 */
export const runStandIn = async (
  args: readonly string[],
  standIn: StandIn,
): Promise<{ readonly code: number; readonly report: string }> => {
  try {
    return { code: 0, report: await run(args, standIn) };
  } catch (error) {
    const { code, message } = explain(error);
    standIn.progress.say(message);
    return { code, report: '' };
  }
};
