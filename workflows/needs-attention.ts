import { ActivityFailure, ApplicationFailure, condition, isCancellation, setHandler, TimeoutFailure } from '@temporalio/workflow';
import { ERROR_KINDS } from '../core/error.js';
import { sanitizeLine } from '../core/text.js';
import type { Problem } from '../plan/problem.js';
import { Resolution } from '../contract/messages.js';
import { resolveUpdate } from './messages.js';
import type { Stage } from '../contract/stages.js';
import { refusal } from './refusal.js';

/** Thrown when a person gives up on a paused step; the workflow turns it into its outcome. */
export class Abandoned extends Error {
  constructor(
    readonly problem: Problem,
    readonly note: string | undefined,
  ) {
    super(`abandoned at ${problem.step}`);
  }
}

export const lostBuilds = (step: string, reason: string, builds: number): Problem => ({
  step,
  code: 'scratch/lost',
  kind: 'integrity',
  reason: `${reason} It was built ${builds} times.`,
  hint: 'The host repeatedly lost or changed files that it had built. Check its disk, then retry, or move to another host.',
});

export const lostUploads = (reason: string): Problem => ({
  step: 'committing',
  code: 'hub/lfs-missing',
  kind: 'unavailable',
  reason,
  hint: 'The Hub repeatedly lost uploaded files. Wait a while, then retry.',
});

/** Converts the failure of an activity to a problem, with a reason and a hint for a person. */
export const problemOf = (step: string, error: unknown): Problem => {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) {
    const [hint, kind]: unknown[] = cause.details ?? [];
    return {
      step,
      code: cause.type ?? 'internal',
      kind: ERROR_KINDS.find((known) => known === kind) ?? 'internal',
      reason: sanitizeLine(cause.message, 1000),
      hint: typeof hint === 'string' ? sanitizeLine(hint, 500) : null,
    };
  }
  if (cause instanceof TimeoutFailure)
    return {
      step,
      code: 'timeout',
      kind: 'unavailable',
      reason: `No worker finished ${step} in time.`,
      hint: 'Check that the workers run, then retry.',
    };
  return {
    step,
    code: 'internal',
    kind: 'internal',
    reason: sanitizeLine(error instanceof Error ? error.message : String(error), 1000),
    hint: null,
  };
};

/** Fails the workflow if an activity refused its input: no operator can fix the input of a workflow that was started by hand. */
const assertInputAccepted = ({ cause }: ActivityFailure): void => {
  if (cause instanceof ApplicationFailure && cause.type === 'activity/input') throw refusal('workflow/input', cause.message);
};

/** The lease of a workflow whose steps run on a host. */
interface MovableLease {
  readonly host: string | null;
  /** The reason why no running step can move to another host now; null if one can. */
  readonly cannotMoveReason: string | null;
  cancelPendingStep(): void;
  leave(): void;
}

interface Hooks {
  /** The current step and its lease, with which a person may move it to another host. Absent if no step runs on a host. */
  readonly movable?: () => { readonly step: Stage; readonly lease: MovableLease };
  /** Called when the workflow pauses; `onResume` is called when it continues. */
  readonly onPause: (problem: Problem) => Promise<void> | void;
  readonly onResume: () => void;
}

/** Pauses a workflow at a permanently failed step until a person decides: retry, move or abandon. */
export class NeedsAttention {
  private current: Problem | null = null;
  private resolution: Resolution | null = null;

  constructor(private readonly hooks: Hooks) {
    setHandler(resolveUpdate, (message) => this.resolve(message), {
      description:
        'Continue a paused publish: {"action": "retry" | "move" | "abandon", "note": "why"}; "move" also works for a step on a host that is gone',
      validator: (message) => this.validate(message),
    });
  }

  get problem(): Problem | null {
    return this.current;
  }

  /** Runs a step. Pauses on every failure except a cancellation, until the step succeeds or a person gives up. */
  async attempt<T>(step: string, run: () => Promise<T>): Promise<T> {
    for (;;) {
      const result = await this.attemptOnHost(step, run);
      if (result !== 'moved') return result;
    }
  }

  /** Like {@link attempt}, for a step that needs the files on its host. Returns `moved` if the artifact has left that host. */
  async attemptOnHost<T>(step: string, run: () => Promise<T>): Promise<T | 'moved'> {
    for (;;) {
      try {
        return await run();
      } catch (error) {
        if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
        assertInputAccepted(error);
        if ((await this.pauseForOperator(problemOf(step, error))) === 'move') return 'moved';
      }
    }
  }

  /** Waits for a resolution. After a `move` the artifact has left its host. Throws {@link Abandoned} if a person gives up. */
  async pauseForOperator(problem: Problem): Promise<'retry' | 'move'> {
    this.current = problem;
    this.resolution = null;
    let resolution: Resolution | null;
    try {
      await this.hooks.onPause(problem);
      await condition(() => this.resolution !== null);
      resolution = this.resolution as Resolution | null;
    } finally {
      this.current = null;
    }
    if (resolution?.action === 'abandon') throw new Abandoned(problem, resolution.note);
    this.hooks.onResume();
    if (resolution?.action !== 'move') return 'retry';
    this.hooks.movable?.().lease.leave();
    return 'move';
  }

  private validate(message: unknown): void {
    const refuse = (text: string): never => {
      throw refusal('ResolutionRefused', text);
    };
    const parsed = Resolution.safeParse(message);
    if (!parsed.success) return refuse('Send {"action": "retry", "move" or "abandon", "note": "why"}.');
    const movable = this.hooks.movable?.() ?? null;
    const isMove = parsed.data.action === 'move';
    if (this.current === null && isMove && movable !== null) {
      const reason = movable.lease.cannotMoveReason;
      return reason === null ? undefined : refuse(`This workflow is not paused, and it cannot move to another host: ${reason}.`);
    }
    if (this.current === null || this.resolution !== null) return refuse('This workflow is not paused: there is nothing to resolve.');
    if (isMove && (movable === null || movable.lease.host === null || movable.step === 'verifying'))
      return refuse('This step does not run on a high-memory host, so it cannot move. Send retry or abandon.');
  }

  private resolve(message: unknown): { step: string; action: Resolution['action'] } {
    const resolution = Resolution.parse(message);
    if (this.current === null && resolution.action === 'move' && this.hooks.movable !== undefined) {
      const { step, lease } = this.hooks.movable();
      lease.cancelPendingStep();
      return { step, action: 'move' };
    }
    this.resolution = resolution;
    return { step: this.current?.step ?? '', action: this.resolution.action };
  }
}
