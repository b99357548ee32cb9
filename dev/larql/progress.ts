import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setBehaviour, STEPS, type Behaviour, type Step } from './behaviour.js';
import { LarqlError, Panic } from './failure.js';

export const isStep = (word: string): word is Step => STEPS.some((step) => step === word);

/** Never resolves; the timer keeps the process alive. */
const forever = (): Promise<never> => new Promise(() => setInterval(() => undefined, 1 << 30));

/** Prints the messages of an extraction on stderr, and fails at the point that the behaviour configures. */
export class Progress {
  private step: Step = 'start';

  /** @param directory of the behaviour from which to remove a fault that strikes only once */
  constructor(
    private readonly behaviour: Behaviour,
    /** Prints a line on standard error. */
    readonly say: (line: string) => void,
    private readonly sleep: (milliseconds: number) => Promise<unknown>,
    private readonly directory?: string,
  ) {}

  async enter(step: Step, command: 'extract' | 'slice' = 'extract'): Promise<void> {
    this.step = step;
    if (step === 'checksums') await this.sleep(this.behaviour.silentMs);
    await this.strike(undefined, command);
  }

  /** Ends a layer of this step, before it is reported. */
  async finishLayer(layer: number): Promise<void> {
    await this.sleep(this.behaviour.layerMs);
    await this.strike(layer, 'extract');
  }

  private async strike(layer: number | undefined, command: 'extract' | 'slice'): Promise<void> {
    const { failure } = this.behaviour;
    if (failure === undefined || failure.at.command !== command || failure.at.step !== this.step || failure.at.layer !== layer) return;
    if (failure.once && this.directory !== undefined) await setBehaviour(this.directory, { ...this.behaviour, failure: undefined });
    switch (failure.kind) {
      case 'hang':
        return forever();
      case 'killed':
        process.kill(process.pid, 'SIGKILL');
        return forever();
      case 'panic':
        throw new Panic(
          'called `Option::unwrap()` on a `None` value',
          'crates/larql-vindex/src/extract/streaming/stages/down_meta.rs:187:91',
        );
      case 'error':
        throw new LarqlError(failure.message);
    }
  }
}

/** Longer than any test, but short enough that left-over processes do not accumulate. */
const CHILD_LIFETIME_MS = 10 * 60_000;

/** Applies the parts of the behaviour that concern the process as a whole. */
export const prepareProcess = ({ ignoresSigterm, leavesChild }: Behaviour, directory: string | undefined): void => {
  // Rust's `eprintln!` panics if stderr is closed.
  process.stderr.on('error', () => process.exit(101));
  if (ignoresSigterm) process.on('SIGTERM', () => undefined);
  if (!leavesChild || directory === undefined) return;
  const child = spawn(process.execPath, ['-e', `setTimeout(() => {}, ${CHILD_LIFETIME_MS})`], { stdio: ['ignore', 'inherit', 'inherit'] });
  child.unref();
  writeFileSync(join(directory, 'child.pid'), String(child.pid));
};
