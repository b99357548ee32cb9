import { isDeepStrictEqual } from 'node:util';
import { CommitSha, repoKey, type Digest, type RepoId } from '../../../core/ids.js';
import { sha256Of } from '../../../core/digests.js';
import type { ApprovalPolicy } from '../../../plan/approval.js';
import type { ApprovedArtifact } from '../../../plan/approved.js';
import type { ArtifactPlan } from '../../../plan/artifact-plan.js';

export interface Commit {
  readonly id: CommitSha;
  /** The manifest and the recipe of a publish; null for a commit of another writer. */
  readonly manifest: Digest | null;
  readonly recipe: Digest | null;
  /** Run id of the workflow whose request made it; null for a commit of another writer. */
  readonly run: string | null;
}

export interface Target {
  readonly repo: RepoId;
  /** Oldest first. */
  readonly commits: Commit[];
  /** Manifests whose files were uploaded and not lost. */
  readonly uploaded: Set<Digest>;
  /** Commits that were verified. */
  readonly verified: Set<CommitSha>;
}

export const headOf = ({ commits }: Pick<Target, 'commits'>): CommitSha | null => commits.at(-1)?.id ?? null;

/** A message of a person that a workflow accepted or refused. */
interface Message {
  readonly reference: Digest;
  readonly reviewer: string;
  readonly verdict: 'approve' | 'reject';
  readonly sentAt: number;
}

interface Planned {
  readonly entry: string;
  readonly policy: ApprovalPolicy;
  readonly startedBy: string | null;
  readonly round: number;
  readonly artifacts: readonly ArtifactPlan[];
  readonly plannedAt: number;
}

/**
 * The Hub, the hosts and the people of one order, as plain data. It checks every step against what people have really approved, and
 * remembers every violation.
 */
export class World {
  readonly targets = new Map<string, Target>();
  /** Host → the workflows that hold its slot. */
  readonly slots = new Map<string, Set<string>>([
    ['host-1', new Set()],
    ['host-2', new Set()],
  ]);
  /** `host holder manifest` of the sealed files that a host has. */
  readonly sealed = new Set<string>();
  /** `host workflow` of the requests to free a host that never ran to their end: the host frees what they leave, after the workflow's end. */
  readonly unfreed = new Set<string>();
  readonly violations: string[] = [];
  private readonly plans = new Map<Digest, Planned>();
  private readonly messages: Message[] = [];
  private ids = 0;

  constructor(readonly now: () => number) {}

  target(repo: RepoId): Target {
    const key = repoKey(repo);
    const known = this.targets.get(key) ?? { repo, commits: [], uploaded: new Set(), verified: new Set() };
    this.targets.set(key, known);
    return known;
  }

  /** Adds a commit to the head of a target. */
  commit(repo: RepoId, made: Omit<Commit, 'id'>): Commit {
    const commit = { ...made, id: this.newId(repo) };
    this.target(repo).commits.push(commit);
    return commit;
  }

  newId(repo: RepoId): CommitSha {
    return CommitSha.parse(sha256Of(`${repo} ${(this.ids += 1)}`).slice(0, 40));
  }

  planned(plan: Digest, facts: Omit<Planned, 'plannedAt'>): void {
    // A plan that is made again is the newest one.
    this.plans.delete(plan);
    this.plans.set(plan, { ...facts, plannedAt: this.now() });
  }

  /** The digests of all plans that were made, oldest first. */
  get plannedDigests(): readonly Digest[] {
    return [...this.plans.keys()];
  }

  said(message: Omit<Message, 'sentAt'>): void {
    this.messages.push({ ...message, sentAt: this.now() });
  }

  /** @param since milliseconds since the epoch */
  hasSaid(reference: Digest, reviewer: string, verdict: Message['verdict'], since = 0): boolean {
    return this.messages.some(
      (said) => said.reference === reference && said.reviewer === reviewer && said.verdict === verdict && said.sentAt >= since,
    );
  }

  violate(text: string): void {
    this.violations.push(text);
  }

  /** Frees, as the hosts do regularly, the slots of ended workflows whose own requests never ran to their end. */
  freeAfterEnds(ended: ReadonlySet<string>): void {
    for (const [host, holders] of this.slots)
      for (const holder of holders) if (ended.has(holder) && this.unfreed.has(`${host} ${holder}`)) holders.delete(holder);
  }

  /** Checks that people have approved exactly the plan of a step since it was made, and released exactly its files. */
  checkApproved(step: string, approved: ApprovedArtifact, manifest: Digest | null): void {
    const { decision, earlier = [], release = [], needsRelease, terms } = approved;
    const plan = this.plans.get(decision.plan);
    if (plan === undefined) {
      this.violate(`${step} of a plan that was never made`);
      return;
    }
    if (!plan.artifacts.some((one) => isDeepStrictEqual(one, approved.plan))) this.violate(`${step} of another plan than the approved one`);
    if (decision.round !== plan.round) this.violate(`${step} of round ${plan.round} with a decision of round ${decision.round}`);
    this.checkPeople(`${step}: plan`, [...earlier, decision], decision.plan, plan, plan.plannedAt);
    if (terms.policy.required !== plan.policy.required) this.violate(`${step} with other rules than planned`);
    if (needsRelease === true && manifest !== null) this.checkPeople(`${step}: release`, release, manifest, plan, plan.plannedAt);
  }

  private checkPeople(
    what: string,
    records: readonly { readonly reviewer: string; readonly verdict: string }[],
    reference: Digest,
    { policy, startedBy }: Planned,
    since: number,
  ): void {
    const reviewers = new Set(records.map(({ reviewer }) => reviewer));
    if (reviewers.size < policy.required) this.violate(`${what} has ${reviewers.size} approvals of ${policy.required}`);
    if (policy.self === 'deny' && startedBy !== null && reviewers.has(startedBy)) this.violate(`${what} is approved by its starter`);
    for (const { reviewer, verdict } of records)
      if (verdict !== 'approve' || !this.hasSaid(reference, reviewer, 'approve', since))
        this.violate(`${what}: ${reviewer} did not approve it`);
  }
}
