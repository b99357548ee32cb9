import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const FILE = 'runs.jsonl';

const Run = z.object({
  pid: z.int(),
  args: z.array(z.string()),
  cwd: z.string(),
  env: z.record(z.string(), z.string()),
  /** Earlier runs of the same launcher that had not ended when this one began. */
  alongside: z.array(z.int()),
});
export type Run = z.output<typeof Run>;

/** Returns the runs of the stand-in in a launcher's directory, oldest first. */
export const readRuns = (directory: string): Run[] => {
  const file = join(directory, FILE);
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  return lines.filter((line) => line !== '').map((line) => Run.parse(JSON.parse(line)));
};

/** Returns true if a process still runs our program: not if it is a zombie, nor if another process has its id. */
const isRunning = (pid: number, program: string): boolean => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(program);
  } catch {
    return false;
  }
};

/** Records this run beside the launcher, for tests that check the runs of larql. */
export const recordRun = (directory: string): void => {
  const [, program = '', ...args] = process.argv;
  const alongside = readRuns(directory)
    .map(({ pid }) => pid)
    .filter((pid) => isRunning(pid, program));
  const env = Object.fromEntries(Object.entries(process.env).map(([name, value]) => [name, value ?? '']));
  const run: Run = { pid: process.pid, args, cwd: process.cwd(), env, alongside };
  appendFileSync(join(directory, FILE), `${JSON.stringify(run)}\n`);
};
