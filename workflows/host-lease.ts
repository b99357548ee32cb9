import { ApplicationFailure, CancellationScope, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { FreeRequest } from '../contract/publish-activities.js';
import type { ArtifactPlan } from '../plan/artifact-plan.js';
import { detachedScope, runCancelledLate } from './detached-scope.js';
import { refusal } from './refusal.js';
import { LIMITS, on, onHost } from './activities.js';

/** A step that runs on a host, or waits for one. */
interface PendingStep {
  scope: CancellationScope;
  isLeaving: boolean;
}

/** A host that the artifact left, with the pending step that frees its slot and scratch there. */
interface PreviousHost {
  readonly host: string;
  readonly scope: CancellationScope;
  readonly freed: Promise<void>;
}

export interface StepOptions<T> {
  /** Milliseconds until a cancel of the workflow reaches the step. A move to another host cancels the step immediately. */
  readonly cancelAfterMs?: number;
  /** False for a step that needs no build slot. */
  readonly slot?: boolean;
  /** Returns true for a result that is valid on any host: the move came too late. */
  readonly isFinal?: (result: T) => boolean;
}

/** The high-memory host of an artifact: claims it, runs steps on it, frees it, and leaves it for another host. */
export class HostLease {
  private slotHeld = false;
  /** The host that the artifact left last. It must not take the next claim. */
  private excludedHost: string | null = null;
  private pending: PendingStep | null = null;
  private previousHosts: readonly PreviousHost[] = [];

  constructor(
    private readonly plan: ArtifactPlan,
    private current: string | null,
    /** Called when a host has accepted the claim. */
    private readonly onClaimed: () => void,
  ) {}

  get host(): string | null {
    return this.current;
  }

  get holdsSlot(): boolean {
    return this.slotHeld;
  }

  /** The host that the artifact left, until another host claims it; else null. */
  get previousHost(): string | null {
    return this.current === null ? this.excludedHost : null;
  }

  /** The reason why the artifact cannot move to another host now; null if it can. */
  get cannotMoveReason(): string | null {
    if (this.pending === null) return 'no step runs on a host now';
    if (this.pending.isLeaving) return `it is already leaving host ${this.current ?? ''}`;
    if (this.current !== null) return null;
    return this.excludedHost === null
      ? 'no host has claimed it yet'
      : `it has already left host ${this.excludedHost}, and waits for another host to claim it`;
  }

  /** Cancels the pending step on its host. {@link run} then leaves the host, and returns `moved`. */
  cancelPendingStep(): void {
    if (this.pending === null) throw refusal('ResolutionRefused', 'The step has just ended. Check the status before you move it.');
    this.pending.isLeaving = true;
    this.pending.scope.cancel();
  }

  /**
   * Runs a step on this artifact's host, and claims a host if there is none. Returns `moved` if a person moved the artifact
   * meanwhile. A cancelled step has ended when this returns: immediately if no worker had started it, else once its worker has
   * stopped it or is known to be dead.
   */
  async run<T>(step: (host: string) => Promise<T>, options: StepOptions<T> = {}): Promise<T | 'moved'> {
    const result = await this.runUnlessMoved(step, options);
    if (result === 'moved') this.leave();
    return result;
  }

  private async runUnlessMoved<T>(
    step: (host: string) => Promise<T>,
    { cancelAfterMs, slot = true, isFinal }: StepOptions<T>,
  ): Promise<T | 'moved'> {
    const pending: PendingStep = { scope: new CancellationScope(), isLeaving: false };
    this.pending = pending;
    try {
      const host = await pending.scope.run(() => this.ensureHost(slot));
      if (pending.isLeaving) return 'moved';
      if (cancelAfterMs !== undefined) pending.scope = detachedScope();
      const result = await (cancelAfterMs === undefined
        ? pending.scope.run(() => step(host))
        : runCancelledLate(pending.scope, cancelAfterMs, () => step(host)));
      return pending.isLeaving && isFinal?.(result) !== true ? 'moved' : result;
    } catch (error) {
      // A move discards every other failure on the old host, except a cancel of the whole workflow.
      if (pending.isLeaving && !CancellationScope.current().consideredCancelled) return 'moved';
      throw error;
    } finally {
      this.pending = null;
    }
  }

  /** Frees the host, best effort: a host that is off sweeps the scratch of ended publishes when it starts. */
  async free(what: FreeRequest['what']): Promise<void> {
    const { current } = this;
    const request = this.freeRequest(what);
    if (current === null || request === null) return;
    this.slotHeld = false;
    try {
      await CancellationScope.nonCancellable(() => onHost(current, LIMITS.freeHost).freeHost(request));
    } catch (error) {
      if (isCancellation(error)) throw error;
    }
  }

  /**
   * Leaves the host, so that the next step claims another one. The old host frees its slot and scratch when it is available
   * again; nothing waits for that. But this `freeHost` must not be dropped: if the host comes back while the artifact runs
   * elsewhere, its sweep sees that the holder still runs, and leaves the build slot taken.
   */
  leave(): void {
    const host = this.current;
    const request = this.freeRequest('everything');
    this.excludedHost = host;
    this.current = null;
    this.slotHeld = false;
    if (host === null || request === null) return;
    const scope = detachedScope();
    const freed = scope.run(() => onHost(host).freeHost(request)).catch(() => undefined);
    this.previousHosts = [...this.previousHosts, { host, scope, freed }];
  }

  /** Cancels the steps that free previous hosts. From now on their sweeps see that the holder has ended. */
  async close(): Promise<void> {
    for (const { scope } of this.previousHosts) scope.cancel();
    await Promise.all(this.previousHosts.map(({ freed }) => freed));
  }

  private freeRequest(what: FreeRequest['what']): FreeRequest | null {
    const { recipeDigest } = this.plan;
    return recipeDigest === null ? null : { holder: workflowInfo().workflowId, recipeDigest, what };
  }

  private async ensureHost(slot: boolean): Promise<string> {
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
        ? await on('claims', slot ? undefined : LIMITS.collecting).claimHost({
            ...request,
            ...(recipe !== null && action === 'publish' ? { recipe } : {}),
          })
        : await onHost(this.current).claimHost(request);
    // A pending step from an earlier stay on this host would free the new claim: cancel it, then claim again.
    const [before] = this.previousHosts.filter(({ host }) => host === claimed.host);
    if (before !== undefined) {
      before.scope.cancel();
      await before.freed;
      this.previousHosts = this.previousHosts.filter((previous) => previous !== before);
      await onHost(claimed.host).claimHost(request);
    }
    this.current = claimed.host;
    this.slotHeld = true;
    this.onClaimed();
    return claimed.host;
  }
}
