import { parseArgs } from 'node:util';
import { messageOf } from '../../core/error.js';
import { STAND_IN_MARKER } from '../../larql/stand-in.js';
import { LARQL_ERRORS, readBehaviour, type Behaviour } from './behaviour.js';
import { extract } from './extract.js';
import { Panic, LarqlError, UsageError } from './failure.js';
import { LAUNCHER_DIRECTORY } from './install.js';
import { prepareProcess, Progress } from './progress.js';
import { recordRun } from './runs.js';
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

/**
 * Runs a stand-in for larql, for tests: it replays recordings of the real program, with the arguments that SWP uses, and larql's exit
 * codes. `install.ts` writes launchers for it; `behaviour.ts` defines its configurable faults.
 */
const run = async (args: readonly string[], behaviour: Behaviour, directory: string | undefined): Promise<string> => {
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
  const [command, model] = positionals;
  if (values.version === true) return VERSION;
  if (values.help === true) return `Usage: larql ${command ?? '<COMMAND>'} [OPTIONS]\n\n${STAND_IN_MARKER}`;
  const progress = new Progress(behaviour, directory);
  const { output } = values;
  if (model === undefined || output === '') throw new UsageError('error: the following required arguments were not provided');
  switch (command) {
    case 'extract':
      await extract({ model, output, quant: parseQuant(values.quant, behaviour) }, behaviour, progress);
      return '';
    case 'slice':
      return slice({ source: model, output, preset: values.preset, dryRun: values['dry-run'] }, behaviour, progress);
    default:
      throw new UsageError(`error: unrecognized subcommand '${command}'`);
  }
};

const reportError = (error: unknown): number => {
  if (error instanceof Panic) {
    const note = 'note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace';
    process.stderr.write(`\nthread 'main' (${process.pid}) panicked at ${error.place}:\n${error.message}\n${note}\n`);
    return 101;
  }
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC' || error instanceof LarqlError) {
    process.stderr.write(`Error: ${code === 'ENOSPC' ? LARQL_ERRORS.diskFull : messageOf(error)}\n`);
    return 1;
  }
  process.stderr.write(`${messageOf(error)}\n`);
  return 2;
};

const directory = process.env[LAUNCHER_DIRECTORY];
try {
  const behaviour = await readBehaviour(directory);
  if (directory !== undefined) recordRun(directory);
  prepareProcess(behaviour, directory);
  const report = await run(process.argv.slice(2), behaviour, directory);
  if (report !== '') process.stdout.write(`${report}\n`);
} catch (error) {
  process.exitCode = reportError(error);
}
// A signal handler or a child process may keep this process alive.
process.exit();
