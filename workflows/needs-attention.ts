import { ActivityFailure, ApplicationFailure, condition, isCancellation, setHandler, TimeoutFailure } from '@temporalio/workflow';
import { ERROR_KINDS } from '../core/error.js';
import { sanitizeLine } from '../core/text.js';
import type { Problem } from '../plan/problem.js';
import { Resolution, resolveUpdate } from '../contract/messages.js';
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

/** Thrown when a person sends an artifact to another host. */
export class Moved extends Error {}

/** The commit that the Hub answered was never made, and is sent again. */
export class CommitMissing extends Error {}

/** The host no longer has what was sealed: it is built again, and being reproducible has the same bytes. */
export class ScratchLost extends Error {}

export const lostBuilds = (step: string, reason: string, builds: number): Problem => ({
  step,
  code: 'scratch/lost',
  kind: 'integrity',
  reason: `${reason} It was built ${builds} times.`,
  hint: 'This host keeps losing or changing what it built. Look at its disk, then retry, or move to another host.',
});

/** The failure of an activity in the words that a person needs. */
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
      hint: 'Look at the workers, then retry.',
    };
  return {
    step,
    code: 'internal',
    kind: 'internal',
    reason: sanitizeLine(error instanceof Error ? error.message : String(error), 1000),
    hint: null,
  };
};

/** No operator can repair the input of a workflow that was started by hand: it fails. */
const assertInputTaken = ({ cause }: ActivityFailure): void => {
  if (cause instanceof ApplicationFailure && cause.type === 'activity/input') throw refusal('workflow/input', cause.message);
};

interface Movable {
  /** Why it has no step to take back from its host now; null where it has. */
  readonly cannotMoveReason: string | null;
  cancelPendingStep(): void;
}

interface Hooks {
  readonly canMove: () => boolean;
  /** The step that an artifact is at, which a person may take from its host while nothing is paused. */
  readonly onHost?: () => { readonly step: string; readonly lease: Movable };
  /** Called as the workflow pauses and as it goes on. */
  readonly onPause: (problem: Problem) => Promise<void> | void;
  readonly onResume: () => void;
}

/** Pauses a workflow at a step that failed for good, until a person says how it goes on. */
export class NeedsAttention {
  private current: Problem | null = null;
  private resolution: Resolution | null = null;

  constructor(private readonly hooks: Hooks) {
    setHandler(resolveUpdate, (message) => this.resolve(message), {
      description:
        'Continue a paused publish: {"action": "retry" | "move" | "abandon", "note": "why"}; "move" also takes a step from a host that is gone',
      validator: (message) => this.validate(message),
    });
  }

  get problem(): Problem | null {
    return this.current;
  }

  /** Runs a step, pausing on every failure but cancellation until it succeeds or a person gives up. */
  async attempt<T>(step: string, run: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await run();
      } catch (error) {
        if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
        assertInputTaken(error);
        await this.pauseForOperator(problemOf(step, error));
      }
    }
  }

  /** Waits for a resolution: returns on `retry`, throws {@link Moved} or {@link Abandoned} otherwise. */
  async pauseForOperator(problem: Problem): Promise<void> {
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
    if (resolution?.action === 'move') throw new Moved();
  }

  private validate(message: unknown): void {
    const refuse = (text: string): never => {
      throw refusal('ResolutionRefused', text);
    };
    const parsed = Resolution.safeParse(message);
    if (!parsed.success) return refuse('Send {"action": "retry", "move" or "abandon", "note": "why"}.');
    if (this.current === null && parsed.data.action === 'move' && this.hooks.onHost !== undefined) {
      const why = this.hooks.onHost().lease.cannotMoveReason;
      return why === null ? undefined : refuse(`Nothing is paused here, and nothing can be moved: ${why}.`);
    }
    if (this.current === null || this.resolution !== null) return refuse('Nothing is paused here: there is nothing to resolve.');
    if (parsed.data.action === 'move' && !this.hooks.canMove())
      return refuse('This step runs on no host of its own: use retry or abandon.');
  }

  private resolve(message: unknown): { step: string; action: Resolution['action'] } {
    const resolution = Resolution.parse(message);
    if (this.current === null && resolution.action === 'move' && this.hooks.onHost !== undefined) {
      const { step, lease } = this.hooks.onHost();
      lease.cancelPendingStep();
      return { step, action: 'move' };
    }
    this.resolution = resolution;
    return { step: this.current?.step ?? '', action: this.resolution.action };
  }
}
