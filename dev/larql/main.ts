import { messageOf } from '../../core/error.js';
import { LARQL_ERRORS, readBehaviour, type Behaviour } from './behaviour.js';
import { extract } from './extract.js';
import { parseExtract } from './extract-options.js';
import { Panic, UsageError } from './failure.js';
import { commandHelp, PROGRAM_HELP, VERSION } from './help.js';
import { LAUNCHER_DIRECTORY } from './install.js';
import { usageError } from './options.js';
import { prepareProcess, Progress } from './progress.js';
import { publish } from './publish.js';
import { recordRun } from './runs.js';
import { slice } from './slice.js';

/**
 * Runs a stand-in for larql, for tests and the demo. For the commands that SWP runs, it has larql's arguments, exit codes,
 * messages, and files with the same bytes. `install.ts` writes launchers for it; `behaviour.ts` defines its configurable faults.
 */
const run = async ([command, ...args]: readonly string[], behaviour: Behaviour, directory: string | undefined): Promise<string> => {
  if (command === undefined) throw new UsageError(PROGRAM_HELP);
  if (command === '--version' || command === '-V') return VERSION;
  if (command === '--help' || command === '-h') return PROGRAM_HELP;
  const help = args.includes('--help') || args.includes('-h') ? commandHelp(command, behaviour) : null;
  if (help !== null) return help;
  const progress = new Progress(behaviour, directory);
  switch (command) {
    case 'extract':
    case 'extract-index':
      await extract(parseExtract(args, behaviour), behaviour, progress);
      return '';
    case 'slice':
      return slice(args, behaviour, progress);
    case 'publish':
      return publish(args, behaviour);
    default:
      throw usageError(`unrecognized subcommand '${command}'`, 'larql <COMMAND>');
  }
};

const reportError = (error: unknown): number => {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
  if (error instanceof Panic) {
    const note = 'note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace';
    process.stderr.write(`\nthread 'main' (${process.pid}) panicked at ${error.place}:\n${error.message}\n${note}\n`);
    return 101;
  }
  const full = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
  process.stderr.write(`Error: ${full ? LARQL_ERRORS.diskFull : messageOf(error)}\n`);
  return 1;
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
