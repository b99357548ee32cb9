import { artifactsOf } from '../catalog/artifacts.js';
import { MAX_MEMO_REASON, type ArtifactState } from '../contract/memo.js';
import type { ArtifactReport, ArtifactResult, PublishInput } from '../contract/results.js';
import type { ArtifactKind, RepoId } from '../core/ids.js';
import { sanitizeLine } from '../core/text.js';
import type { ArtifactPlan } from '../plan/artifact-plan.js';
import type { DecisionRecord } from '../plan/decision.js';
import { isWork } from '../plan/work.js';

type Result = ArtifactReport['result'];
type StaleResult = Extract<ArtifactResult, { outcome: 'stale' }>;

interface Artifact {
  readonly kind: ArtifactKind;
  readonly target: RepoId;
  /** True if the next round plans it: at the start, and after its target moved. */
  isOpen: boolean;
  /** The newest plan. */
  plan: ArtifactPlan | null;
  /** Run id of its workflow in this round. */
  run: string | null;
  /** The host of its last round, so that the next round reuses the build there. */
  host: string | null;
  result: Result | null;
}

const stateOf = ({ kind, target, run, result }: Artifact): ArtifactState => {
  const receipt = result?.outcome === 'published' ? result.receipt : null;
  return {
    kind,
    target,
    run,
    outcome: result?.outcome ?? null,
    commit: receipt?.commit ?? null,
    manifest: receipt?.manifest ?? null,
    reason: result !== null && 'reason' in result ? sanitizeLine(result.reason, MAX_MEMO_REASON) : null,
  };
};

/** The artifacts of a publish, in the order of its plans: which ones are open, and how the others run or ended. */
export class EntryArtifacts {
  private readonly all: readonly Artifact[];
  private readonly releases: DecisionRecord[] = [];

  constructor({ entry, only }: PublishInput) {
    const fresh = { isOpen: true, plan: null, run: null, host: null, result: null };
    this.all = artifactsOf(entry.entry, only).map(({ kind, target }) => ({ kind, target, ...fresh }));
  }

  /** The kinds that the next round plans. */
  get open(): ArtifactKind[] {
    return this.all.flatMap(({ kind, isOpen }) => (isOpen ? [kind] : []));
  }

  get reports(): readonly ArtifactReport[] {
    return this.all.flatMap(({ kind, result }) => (result === null ? [] : [{ kind, result }]));
  }

  /** The artifacts that were planned or have ended. */
  get states(): ArtifactState[] {
    return this.all.filter(({ plan, result }) => plan !== null || result !== null).map(stateOf);
  }

  /** Decisions about the releases of rounds that went stale. */
  get earlierReleases(): readonly DecisionRecord[] {
    return this.releases;
  }

  targetOf(kind: ArtifactKind): RepoId {
    return this.find(kind).target;
  }

  /** Returns the newest plans of these kinds. */
  plansOf(kinds: readonly ArtifactKind[]): ArtifactPlan[] {
    return kinds.flatMap((kind) => this.find(kind).plan ?? []);
  }

  setPlans(plans: readonly ArtifactPlan[]): void {
    for (const plan of plans) this.find(plan.kind).plan = plan;
  }

  /** Takes an open artifact out of the next round, because it runs from now on. Returns its host; undefined if it is not open. */
  begin(kind: ArtifactKind): string | null | undefined {
    const artifact = this.find(kind);
    if (!artifact.isOpen) return undefined;
    artifact.isOpen = false;
    return artifact.host;
  }

  setRun(kind: ArtifactKind, run: string): void {
    this.find(kind).run = run;
  }

  /** Plans an artifact again. Keeps the decisions about its release, which are in no later workflow of its target. */
  reopen(kind: ArtifactKind, { host, releases }: StaleResult): void {
    const artifact = this.find(kind);
    artifact.isOpen = true;
    artifact.run = null;
    artifact.host = host ?? artifact.host;
    this.releases.push(...releases);
  }

  close(kind: ArtifactKind, result: Result): void {
    const artifact = this.find(kind);
    artifact.isOpen = false;
    artifact.result = result;
  }

  /** Closes the artifacts of a plan, and not those that went stale after it was made: the next round plans them. */
  closePlanned(plans: readonly ArtifactPlan[], outcome: 'failed' | 'rejected' | 'expired', reason: string): void {
    for (const { kind, target } of plans) if (this.find(kind).isOpen) this.close(kind, { outcome, target: target.repo, reason });
  }

  closeUnchanged(plans: readonly ArtifactPlan[]): void {
    const reason = 'the target already holds what the plan would publish';
    for (const plan of plans) if (!isWork(plan)) this.close(plan.kind, { outcome: 'unchanged', target: plan.target.repo, reason });
  }

  abandonOpen(reason: string): void {
    for (const kind of this.open) this.close(kind, { outcome: 'abandoned', target: this.targetOf(kind), reason, commit: 'none' });
  }

  private find(kind: ArtifactKind): Artifact {
    const found = this.all.find((artifact) => artifact.kind === kind);
    if (found === undefined) throw new Error(`this publish has no ${kind}`);
    return found;
  }
}
