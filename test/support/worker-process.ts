import { once } from 'node:events';
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../../dev/temporal/project.js';

const BUILT = join(projectRoot(), 'dist', 'client', 'main.js');

/** A worker as users run it: the built program in a process of its own. */
export class WorkerProcess {
  private constructor(
    private readonly child: ChildProcess,
    private readonly written: () => string,
  ) {}

  /** Its log records: one line of JSON each. */
  get log(): readonly Record<string, unknown>[] {
    return this.written()
      .split('\n')
      .flatMap((line) => (line.startsWith('{"level"') && line.endsWith('}') ? [JSON.parse(line) as Record<string, unknown>] : []));
  }

  /** Starts `swp worker <role>`, of this build or of another, and waits until it polls. */
  static async start(role: 'control' | 'highmem', env: NodeJS.ProcessEnv, program = BUILT): Promise<WorkerProcess> {
    const child = spawn(process.execPath, [program, '--json', 'worker', role], {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (output.includes('"ready"')) resolve();
      });
      child.stderr.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
      child.once('exit', (code) => reject(new Error(`the ${role} worker ended with ${code}:\n${output}`)));
    });
    return new WorkerProcess(child, () => output);
  }

  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Sends SIGTERM, and returns its exit code or the signal that ended it. */
  async stop(): Promise<number | string | null> {
    await this.end('SIGTERM');
    return this.child.exitCode ?? this.child.signalCode;
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    await exited;
  }
}
