import { setTimeout as delay } from 'node:timers/promises';
import { THIS_MACHINE } from '../../core/this-machine.js';
import { readBehaviour } from './behaviour.js';
import { LAUNCHER_DIRECTORY } from './install.js';
import { prepareProcess, Progress } from './progress.js';
import { findRecording } from './recording.js';
import { runStandIn } from './run-stand-in.js';
import { recordRun } from './runs.js';

// The program behind the launchers of `install.ts`. `behaviour.ts` defines its faults.
const directory = process.env[LAUNCHER_DIRECTORY];
const behaviour = await readBehaviour(directory);
if (directory !== undefined) recordRun(directory);
prepareProcess(behaviour, directory);
const { code, report } = await runStandIn(process.argv.slice(2), {
  files: THIS_MACHINE.files,
  hubCache: process.env['HF_HUB_CACHE'] ?? '.',
  find: findRecording,
  behaviour,
  progress: new Progress(behaviour, (line) => void process.stderr.write(`${line}\n`), delay, directory),
});
if (report !== '') process.stdout.write(`${report}\n`);
// A signal handler or a child process may keep this process alive.
process.exit(code);
