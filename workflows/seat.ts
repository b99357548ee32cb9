import { ApplicationFailure, CancellationScope, isCancellation, patched, workflowInfo } from '@temporalio/workflow';
import type { ReleaseRequest } from '../activities/api.js';
import type { ArtifactPlan } from '../plan/artifact-plan.js';
import { Moved } from './parking.js';
import { refusal } from './refusal.js';
import { briefClaims, claimOn, claims, onHost, releaseOn } from './steps.js';

/** A step that runs on a host, or waits for it. */
interface Pending {
  /** Null for a step that cannot be taken back. */
  scope: CancellationScope | null;
  leaves: boolean;
}

/** A host that was left, and the release of what it holds, which waits for it. */
interface Left {
  readonly host: string;
  readonly scope: CancellationScope;
  readonly released: Promise<void>;
}

export interface StepOptions<T> {
  /** A cancel of the workflow does not reach it; leaving the host does. */
  readonly shielded?: boolean;
  /** False for a step that needs no build slot. */
  readonly slot?: boolean;
  /** What came of the step is true whatever host the artifact is on: leaving came too late. */
  readonly isFinal?: (result: T) => boolean;
}

/** Publishes that began before hosts could be left at once go on as they did. */
export const leavesAtOnce = (): boolean => patched('leave-at-once');

/** A scope that a cancel of the workflow does not reach, and that can itself be cancelled. */
const unreachedByCancel = (): CancellationScope =>
  new CancellationScope({ cancellable: true, parent: new CancellationScope({ cancellable: false }) });

/**
 * The scope of a step that a cancel of the workflow must not reach. What ran here before had none that could be cancelled:
 * replayed with the one above, a cancel of those days would reach it, since the SDK shields such scopes only where it
 * did so when that history was made.
 */
const shieldFor = (pending: Pending): CancellationScope => {
  pending.scope = leavesAtOnce() ? unreachedByCancel() : null;
  return pending.scope ?? new CancellationScope({ cancellable: false });
};

/** Where an artifact is at home among the high-memory hosts: what it holds there, what runs there, and how it leaves. */
export class Seat {
  private slotHeld = false;
  /** The host that it left last. */
  private avoid: string | null = null;
  private pending: Pending | null = null;
  private left: readonly Left[] = [];

  constructor(
    private readonly plan: ArtifactPlan,
    private current: string | null,
    /** Told when a host has taken it. */
    private readonly onPlaced: () => void,
  ) {}

  get host(): string | null {
    return this.current;
  }

  get holdsSlot(): boolean {
    return this.slotHeld;
  }

  /** The host that it left, while no other has claimed it. */
  get leftHost(): string | null {
    return this.current === null ? this.avoid : null;
  }

  /** Why nothing can be sent to another host now; null where something can. */
  get staysBecause(): string | null {
    if (this.pending === null) return 'no step of it is on a host now';
    if (this.pending.scope === null) return 'its step was begun by an earlier version of SWP, which could not leave a host';
    if (this.pending.leaves) return `it is leaving host ${this.current ?? ''} already`;
    if (this.current !== null) return null;
    return this.avoid === null
      ? 'no host has it yet: it waits for one that can take it'
      : `it has left host ${this.avoid} already, and waits for another one that can take it`;
  }

  /** Takes the pending step back from its host: {@link run} then throws {@link Moved}. */
  takeBack(): void {
    if (this.pending === null || this.pending.scope === null)
      throw refusal('ResolutionRefused', 'The step has just ended: look where it stands now.');
    this.pending.leaves = true;
    this.pending.scope.cancel();
  }

  /**
   * Runs a step on this artifact's host; one is claimed where it has none. A step that is taken back has ended when this
   * throws: at once where no worker had taken it, and otherwise when its worker has stopped it, or is known to be dead.
   *
   * @throws Moved
   */
  async run<T>(step: (host: string) => Promise<T>, { shielded = false, slot = true, isFinal }: StepOptions<T> = {}): Promise<T> {
    const scope = new CancellationScope();
    const pending: Pending = { scope, leaves: false };
    this.pending = pending;
    try {
      const host = await scope.run(() => this.place(slot));
      if (pending.leaves) throw new Moved();
      const result = await (shielded ? shieldFor(pending) : scope).run(() => step(host));
      if (pending.leaves && isFinal?.(result) !== true) throw new Moved();
      return result;
    } catch (error) {
      // Whatever else went wrong on a host that a person leaves is over with it; only a cancel of the whole workflow is not.
      if (pending.leaves && !CancellationScope.current().consideredCancelled) throw new Moved();
      throw error;
    } finally {
      this.pending = null;
    }
  }

  /** Best effort: a host that is off sweeps the scratch of ended publishes when it starts. */
  async release(what: ReleaseRequest['what']): Promise<void> {
    const { current } = this;
    const request = this.releaseRequest(what);
    if (current === null || request === null) return;
    this.slotHeld = false;
    try {
      await CancellationScope.nonCancellable(() => releaseOn(current).releaseHost(request));
    } catch (error) {
      if (isCancellation(error)) throw error;
    }
  }

  /** As it was before hosts were left at once: the next one is claimed only when the old one has released all, or a minute is over. */
  async releaseAndLeave(): Promise<void> {
    await this.release('everything');
    this.avoid = this.current;
    this.current = null;
  }

  /**
   * Leaves the host for another. What it holds is released when it is there to do so; nobody waits for that, and it must
   * not be forgotten either: a host that comes back while this artifact is at work elsewhere sees that its holder still
   * runs, so its sweep would leave a build slot taken.
   */
  leave(): void {
    const host = this.current;
    const request = this.releaseRequest('everything');
    this.avoid = host;
    this.current = null;
    this.slotHeld = false;
    if (host === null || request === null) return;
    const scope = unreachedByCancel();
    const released = scope.run(() => onHost(host).releaseHost(request)).catch(() => undefined);
    this.left = [...this.left, { host, scope, released }];
  }

  /** Ends what still waits for hosts that were left: from here on their sweep sees that their holder has ended. */
  async close(): Promise<void> {
    for (const { scope } of this.left) scope.cancel();
    await Promise.all(this.left.map(({ released }) => released));
  }

  private releaseRequest(what: ReleaseRequest['what']): ReleaseRequest | null {
    const { recipeDigest } = this.plan;
    return recipeDigest === null ? null : { holder: workflowInfo().workflowId, recipeDigest, what };
  }

  private async place(slot: boolean): Promise<string> {
    if (this.current !== null && (this.slotHeld || !slot)) return this.current;
    const { action, recipe, recipeDigest, estimate } = this.plan;
    if (recipeDigest === null) throw ApplicationFailure.nonRetryable('The plan has no recipe.', 'internal');
    const request = {
      holder: workflowInfo().workflowId,
      recipeDigest,
      diskBytes: estimate.diskBytes,
      memoryBytes: estimate.memoryBytes,
      avoid: this.avoid,
    };
    const claimed =
      this.current === null
        ? await (slot ? claims() : briefClaims()).claimHost({ ...request, ...(recipe !== null && action === 'publish' ? { recipe } : {}) })
        : await claimOn(this.current).claimHost(request);
    // A host that was left earlier may be about to release what it has just been asked to hold.
    const [before] = this.left.filter(({ host }) => host === claimed.host);
    if (before !== undefined) {
      before.scope.cancel();
      await before.released;
      this.left = this.left.filter((left) => left !== before);
      await claimOn(claimed.host).claimHost(request);
    }
    this.current = claimed.host;
    this.slotHeld = true;
    this.onPlaced();
    return claimed.host;
  }
}
