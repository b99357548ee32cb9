import { ActivityFailure, ApplicationFailure, condition, isCancellation, setHandler, TimeoutFailure } from '@temporalio/workflow';
import { z } from 'zod';
import { oneLine } from '../core/text.js';
import { resolveUpdate, type Resolution, type Trouble } from './messages.js';
import { refusal } from './refusal.js';

const ResolutionMessage = z.strictObject({
  action: z.enum(['retry', 'move', 'abandon']),
  note: z
    .string()
    .max(2000)
    .transform((note) => oneLine(note, 500))
    .optional(),
});

/** Thrown when a person gives up on a parked step; the workflow turns it into its outcome. */
export class Abandoned extends Error {
  constructor(
    readonly trouble: Trouble,
    readonly note: string | undefined,
  ) {
    super(`abandoned at ${trouble.step}`);
  }
}

/** Thrown when a person sends an artifact to another host. */
export class Moved extends Error {}

/** The host no longer has what was sealed: it is built again, and being reproducible has the same bytes. */
export class ScratchLost extends Error {}

/** The failure of an activity in the words that a person needs. */
export const troubleOf = (step: string, error: unknown): Trouble => {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) {
    const hint: unknown = cause.details?.[0];
    return {
      step,
      code: cause.type ?? 'internal',
      reason: oneLine(cause.message, 1000),
      hint: typeof hint === 'string' ? oneLine(hint, 500) : null,
    };
  }
  if (cause instanceof TimeoutFailure)
    return { step, code: 'timeout', reason: `No worker finished ${step} in time.`, hint: 'Look at the workers, then retry.' };
  return { step, code: 'internal', reason: oneLine(error instanceof Error ? error.message : String(error), 1000), hint: null };
};

interface TakesBack {
  /** Why it has no step to take back now; null where it has. */
  readonly staysBecause: string | null;
  takeBack(): void;
}

interface ParkingHooks {
  readonly canMove: () => boolean;
  /** The step that an artifact is at, which a person may take from its host while nothing is parked. */
  readonly onHost?: () => { readonly step: string; readonly seat: TakesBack };
  /** Called as the workflow parks and as it goes on. */
  readonly onPark: (trouble: Trouble) => Promise<void> | void;
  readonly onResume: () => void;
}

/** Holds a workflow at a step that failed for good, until a person says how it goes on. */
export class Parking {
  private parked: Trouble | null = null;
  private resolution: Resolution | null = null;

  constructor(private readonly hooks: ParkingHooks) {
    setHandler(resolveUpdate, (message) => this.resolve(message), {
      description:
        'Continue a parked publish: {"action": "retry" | "move" | "abandon", "note": "why"}; "move" also takes a step from a host that is gone',
      validator: (message) => this.validate(message),
    });
  }

  get trouble(): Trouble | null {
    return this.parked;
  }

  /** Runs a step, parking on every failure but cancellation until it succeeds or a person gives up. */
  async attempt<T>(step: string, run: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await run();
      } catch (error) {
        if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
        await this.park(troubleOf(step, error));
      }
    }
  }

  /** Waits for a resolution: returns on `retry`, throws {@link Moved} or {@link Abandoned} otherwise. */
  async park(trouble: Trouble): Promise<void> {
    this.parked = trouble;
    this.resolution = null;
    await this.hooks.onPark(trouble);
    await condition(() => this.resolution !== null);
    const resolution = this.resolution as Resolution | null;
    this.parked = null;
    if (resolution?.action === 'abandon') throw new Abandoned(trouble, resolution.note);
    this.hooks.onResume();
    if (resolution?.action === 'move') throw new Moved();
  }

  private validate(message: unknown): void {
    const refuse = (text: string): never => {
      throw refusal('ResolutionRefused', text);
    };
    const parsed = ResolutionMessage.safeParse(message);
    if (!parsed.success) return refuse('Send {"action": "retry", "move" or "abandon", "note": "why"}.');
    if (this.parked === null && parsed.data.action === 'move' && this.hooks.onHost !== undefined) {
      const why = this.hooks.onHost().seat.staysBecause;
      return why === null ? undefined : refuse(`Nothing is parked here, and nothing can be moved: ${why}.`);
    }
    if (this.parked === null || this.resolution !== null) return refuse('Nothing is parked here: there is nothing to resolve.');
    if (parsed.data.action === 'move' && !this.hooks.canMove())
      return refuse('This step runs on no host of its own: use retry or abandon.');
  }

  private resolve(message: unknown): { step: string; action: Resolution['action'] } {
    const resolution = ResolutionMessage.parse(message);
    if (this.parked === null && resolution.action === 'move' && this.hooks.onHost !== undefined) {
      const { step, seat } = this.hooks.onHost();
      seat.takeBack();
      return { step, action: 'move' };
    }
    this.resolution = resolution;
    return { step: this.parked?.step ?? '', action: this.resolution.action };
  }
}
