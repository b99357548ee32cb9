import { ApplicationFailure, CancellationScope, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { ReleaseRequest } from '../contract/publish-activities.js';
import type { ArtifactPlan } from '../plan/artifact-plan.js';
import { detachedScope, runCancelledLate } from './detached-scope.js';
import { Moved } from './needs-attention.js';
import { refusal } from './refusal.js';
import { briefClaims, claimOn, claims, onHost, releaseOn } from './activity-proxies.js';

/** A step that runs on a host, or waits for it. */
interface PendingStep {
  scope: CancellationScope;
  isLeaving: boolean;
}

/** A host that was left, and the release of what it holds, which waits for it. */
interface PreviousHost {
  readonly host: string;
  readonly scope: CancellationScope;
  readonly released: Promise<void>;
}

export interface StepOptions<T> {
  /** A cancel of the workflow reaches the step only after so long; leaving the host reaches it immediately. */
  readonly cancelAfterMs?: number;
  /** False for a step that needs no build slot. */
  readonly slot?: boolean;
  /** Whether the result of the step is true whatever host the artifact is on: leaving came too late. */
  readonly isFinal?: (result: T) => boolean;
}

/** The high-memory host that works for an artifact: what it holds there, what runs there, and how the artifact leaves. */
export class HostLease {
  private slotHeld = false;
  /** The host that it left last. */
  private excludedHost: string | null = null;
  private pending: PendingStep | null = null;
  private previousHosts: readonly PreviousHost[] = [];

  constructor(
    private readonly plan: ArtifactPlan,
    private current: string | null,
    /** Called when a host has taken it. */
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
    return this.current === null ? this.excludedHost : null;
  }

  /** Why nothing can be sent to another host now; null where something can. */
  get cannotMoveReason(): string | null {
    if (this.pending === null) return 'no step of it is on a host now';
    if (this.pending.isLeaving) return `it is leaving host ${this.current ?? ''} already`;
    if (this.current !== null) return null;
    return this.excludedHost === null
      ? 'no host has it yet: it waits for one that can take it'
      : `it has left host ${this.excludedHost} already, and waits for another one that can take it`;
  }

  /** Takes the pending step back from its host: {@link run} then throws {@link Moved}. */
  cancelPendingStep(): void {
    if (this.pending === null) throw refusal('ResolutionRefused', 'The step has just ended: look where it stands now.');
    this.pending.isLeaving = true;
    this.pending.scope.cancel();
  }

  /**
   * Runs a step on this artifact's host; one is claimed where it has none. A step that is taken back has ended when this
   * throws: immediately where no worker had taken it, and otherwise when its worker has stopped it, or is known to be dead.
   *
   * @throws Moved
   */
  async run<T>(step: (host: string) => Promise<T>, { cancelAfterMs, slot = true, isFinal }: StepOptions<T> = {}): Promise<T> {
    const pending: PendingStep = { scope: new CancellationScope(), isLeaving: false };
    this.pending = pending;
    try {
      const host = await pending.scope.run(() => this.place(slot));
      if (pending.isLeaving) throw new Moved();
      if (cancelAfterMs !== undefined) pending.scope = detachedScope();
      const result = await (cancelAfterMs === undefined
        ? pending.scope.run(() => step(host))
        : runCancelledLate(pending.scope, cancelAfterMs, () => step(host)));
      if (pending.isLeaving && isFinal?.(result) !== true) throw new Moved();
      return result;
    } catch (error) {
      // Whatever else went wrong on a host that a person leaves is over with it; only a cancel of the whole workflow is not.
      if (pending.isLeaving && !CancellationScope.current().consideredCancelled) throw new Moved();
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

  /**
   * Leaves the host for another. What it holds is released when it is there to do so; nobody waits for that, and it must
   * not be forgotten either: a host that comes back while this artifact is at work elsewhere sees that its holder still
   * runs, so its sweep would leave a build slot taken.
   */
  leave(): void {
    const host = this.current;
    const request = this.releaseRequest('everything');
    this.excludedHost = host;
    this.current = null;
    this.slotHeld = false;
    if (host === null || request === null) return;
    const scope = detachedScope();
    const released = scope.run(() => onHost(host).releaseHost(request)).catch(() => undefined);
    this.previousHosts = [...this.previousHosts, { host, scope, released }];
  }

  /** Ends what still waits for hosts that were left: from here on their sweep sees that their holder has ended. */
  async close(): Promise<void> {
    for (const { scope } of this.previousHosts) scope.cancel();
    await Promise.all(this.previousHosts.map(({ released }) => released));
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
      excludedHost: this.excludedHost,
    };
    const claimed =
      this.current === null
        ? await (slot ? claims() : briefClaims()).claimHost({ ...request, ...(recipe !== null && action === 'publish' ? { recipe } : {}) })
        : await claimOn(this.current).claimHost(request);
    // A host that was left earlier may be about to release what it has just been asked to hold.
    const [before] = this.previousHosts.filter(({ host }) => host === claimed.host);
    if (before !== undefined) {
      before.scope.cancel();
      await before.released;
      this.previousHosts = this.previousHosts.filter((previous) => previous !== before);
      await claimOn(claimed.host).claimHost(request);
    }
    this.current = claimed.host;
    this.slotHeld = true;
    this.onPlaced();
    return claimed.host;
  }
}
