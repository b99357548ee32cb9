import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { artifactsOf } from '../../../catalog/artifacts.js';
import type { EntrySnapshot } from '../../../catalog/snapshot.js';
import type {
  ClaimRequest,
  CommitReport,
  CommitRequest,
  CommitSearch,
  FreeRequest,
  PlannedRound,
  PlanRequest,
  UploadReport,
  UploadRequest,
  VerifyReport,
  VerifyRequest,
} from '../../../contract/publish-activities.js';
import { HOST_BUSY, hostOfQueue } from '../../../contract/names.js';
import { Notification } from '../../../contract/notification.js';
import { digestOf } from '../../../core/digests.js';
import type { CommitSha, Digest } from '../../../core/ids.js';
import type { PublishInput } from '../../../contract/results.js';
import type { ApprovalPolicy } from '../../../plan/approval.js';
import type { ApprovedArtifact } from '../../../plan/approved.js';
import type { ArtifactPlan } from '../../../plan/artifact-plan.js';
import type { Preconditions } from '../../../plan/preconditions.js';
import type { StepCall, Steps } from './activity-run.js';
import { campaignSteps } from './campaign-steps.js';
import type { StepFault } from './faults.js';
import type { Ground } from './ground.js';
import { headOf, type Target, type World } from './world.js';

export interface StepsOptions {
  readonly world: World;
  readonly ground: Ground;
  readonly policy: ApprovalPolicy;
  /** Adds the targets to a collection, too. */
  readonly collects: boolean;
  /** The inputs of the publishes that a campaign may start, by the name of their entry. */
  readonly inputs: ReadonlyMap<string, PublishInput>;
  /** Called before each step; returns the fault that strikes it. */
  readonly onStep: (call: StepCall) => StepFault | null;
  /** Called for each notification. */
  readonly onNotified: (notification: Notification) => void;
}

const DECIDE_WITHIN_MS = 3_600_000;
const DIGEST_OF_NOTHING = digestOf('nothing');
/** A step that hangs ends by itself after this time, unless it is cancelled before. */
const HANG_MS = 1_800_000;

const failed = (type: string, ...details: readonly string[]): ApplicationFailure =>
  ApplicationFailure.create({ type, message: `${type} in a step`, nonRetryable: true, details: ['a hint', 'unavailable', ...details] });

const manifestOf = ({ plan, decision }: ApprovedArtifact): Digest => digestOf({ recipe: plan.recipeDigest, plan: decision.plan });

/** Returns the first part of a plan that the workflows read; no step here reads more. */
const artifactPlan = (kind: ArtifactPlan['kind'], { repo, commits }: Target, entry: string, collects: boolean): ArtifactPlan =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the workflows and the fakes read no other field
  ({
    version: 1,
    kind,
    action: 'publish',
    target: { repo, head: headOf({ commits }), private: false },
    recipeDigest: digestOf({ kind, entry }),
    operations: [],
    ...(collects ? { collection: { title: 'Models' } } : {}),
    estimate: { fetchBytes: 1, neededBytes: 1, outputBytes: 1, diskBytes: 1, memoryBytes: 1 },
    checks: [],
  }) as unknown as ArtifactPlan;

/**
 * The steps of a publish as functions on a {@link World}. They return the results and failures that change the course of a publish, and check
 * that they may run.
 */
export const fakeSteps = ({ world, ground, policy, collects, inputs, onStep, onNotified }: StepsOptions): Steps => {
  /** Waits until the step is cancelled, or for a long time. */
  const hang = async (signal: AbortSignal, ...details: readonly string[]): Promise<void> => {
    await ground.sleep(HANG_MS, signal).catch(() => undefined);
    if (signal.aborted) throw new CancelledFailure('cancelled', [...details]);
  };
  const requireSlot = (step: string, { queue, workflowId }: StepCall): string => {
    const host = hostOfQueue(queue) ?? '';
    if (world.slots.get(host)?.has(workflowId) !== true) world.violate(`${step} of ${workflowId} without the slot of ${host}`);
    return host;
  };
  const ours = (target: Target, manifest: Digest) => target.commits.find((commit) => commit.manifest === manifest);
  const committedAs = (commit: CommitSha, manifestDigest: Digest) =>
    ({ outcome: 'committed', commit, manifestDigest, provenanceDigest: DIGEST_OF_NOTHING }) as const;
  const apply = (request: CommitRequest, run: string): string => {
    const { repo } = request.approved.plan.target;
    return world.commit(repo, { manifest: request.manifestDigest, recipe: request.approved.plan.recipeDigest, run }).id;
  };
  const mayCommit = ({ approved, parent, manifestDigest }: CommitRequest): boolean => {
    const target = world.target(approved.plan.target.repo);
    return headOf(target) === parent && target.uploaded.has(manifestDigest);
  };

  const planArtifacts = (entry: EntrySnapshot, only: PlanRequest['only'], fault: StepFault | null): ArtifactPlan[] =>
    artifactsOf(entry.entry, only).map(({ kind, target: repo }) => {
      const target = world.target(repo);
      const plan = artifactPlan(kind, target, entry.name, collects);
      if (fault === 'blocked')
        return { ...plan, action: 'blocked' as const, checks: [{ code: 'source', verdict: 'blocked' as const, message: 'No.' }] };
      return target.commits.at(-1)?.recipe === plan.recipeDigest ? { ...plan, action: 'unchanged' as const } : plan;
    });

  const planEntry = ({ entry, only, round, startedBy = null }: PlanRequest, fault: StepFault | null): PlannedRound => {
    const artifacts = planArtifacts(entry, only, fault);
    const digest = digestOf(artifacts);
    world.planned(digest, { entry: entry.name, policy, startedBy, round, artifacts });
    const volatile = fault === 'blocked-now' ? [{ code: 'disk', verdict: 'blocked' as const, message: 'The disk is full.' }] : [];
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the workflow passes it on
    const entryPlan = { artifacts: [] } as unknown as PlannedRound['entryPlan'];
    return { digest, entryPlan, artifacts, volatile, markdown: 'A plan', decideWithinMs: DECIDE_WITHIN_MS, approvals: policy };
  };

  const checkPreconditions = (plan: ArtifactPlan): Preconditions => {
    const head = headOf(world.target(plan.target.repo));
    return head === plan.target.head ? { state: 'hold' } : { state: 'stale', reason: 'the head moved' };
  };

  const claimHost = (request: ClaimRequest, { queue }: StepCall): { host: string } => {
    const named = hostOfQueue(queue);
    const free = [...world.slots].filter(
      ([host, holders]) =>
        (named === null ? host !== request.excludedHost : host === named) && (holders.size === 0 || holders.has(request.holder)),
    );
    const [host, holders] = free.find(([, held]) => held.has(request.holder)) ?? free[0] ?? [];
    if (host === undefined) throw ApplicationFailure.create({ type: HOST_BUSY, message: 'busy' });
    holders?.add(request.holder);
    return { host };
  };

  const freeHost = ({ holder, what }: FreeRequest, { queue }: StepCall): void => {
    const host = hostOfQueue(queue) ?? '';
    world.slots.get(host)?.delete(holder);
    world.unfreed.delete(`${host} ${holder}`);
    if (what === 'everything') for (const sealed of world.sealed) if (sealed.startsWith(`${host} ${holder} `)) world.sealed.delete(sealed);
  };

  const build = (approved: ApprovedArtifact, call: StepCall) => {
    const host = requireSlot('build', call);
    world.checkApproved('build', approved, null);
    const manifestDigest = manifestOf(approved);
    world.sealed.add(`${host} ${call.workflowId} ${manifestDigest}`);
    return { manifestDigest, files: 1, bytes: 1 };
  };

  const isSealed = (call: StepCall, manifest: Digest): boolean =>
    world.sealed.has(`${hostOfQueue(call.queue) ?? ''} ${call.workflowId} ${manifest}`);

  const upload = ({ approved, manifestDigest }: UploadRequest, call: StepCall): UploadReport => {
    requireSlot('upload', call);
    world.checkApproved('upload', approved, manifestDigest);
    const { repo, head } = approved.plan.target;
    const target = world.target(repo);
    if (!isSealed(call, manifestDigest)) return { outcome: 'scratch-lost', reason: 'The sealed files are gone.' };
    if (head === null && target.commits.length === 0) world.commit(repo, { manifest: null, recipe: null, run: call.runId });
    const isOwnStart = head === null && target.commits.length === 1 && target.commits[0]?.run != null;
    if (headOf(target) !== head && !isOwnStart) return { outcome: 'stale', reason: 'the head moved' };
    target.uploaded.add(manifestDigest);
    return { outcome: 'uploaded', parent: headOf(target)!, sentBytes: 1, skippedBytes: 0 };
  };

  const commit = async (request: CommitRequest, call: StepCall, fault: StepFault | null, signal: AbortSignal): Promise<CommitReport> => {
    requireSlot('commit', call);
    const { approved, manifestDigest } = request;
    world.checkApproved('commit', approved, manifestDigest);
    const { repo } = approved.plan.target;
    const target = world.target(repo);
    const notSent = call.attempt > 1 ? 'nothing-sent-now' : 'nothing-sent';
    if (fault === 'fails') throw failed('hub/unauthorized', notSent);
    if (!isSealed(call, manifestDigest) || fault === 'scratch-lost') {
      const made = ours(target, manifestDigest);
      return made === undefined
        ? { outcome: 'scratch-lost', reason: 'The sealed files are gone.' }
        : { ...committedAs(made.id, manifestDigest), settled: 'found' };
    }
    const made = ours(target, manifestDigest);
    if (made !== undefined) return { ...committedAs(made.id, manifestDigest), settled: 'found' };
    if (fault === 'blobs-missing') target.uploaded.delete(manifestDigest);
    if (headOf(target) !== request.parent) return { outcome: 'stale', reason: 'the head moved' };
    if (!target.uploaded.has(manifestDigest)) return { outcome: 'blobs-missing', reason: 'the Hub lost a file' };
    switch (fault) {
      case 'refused':
        throw failed('hub/quota');
      case 'unknown':
        throw failed('hub/commit-unknown');
      case 'arrives-late':
        void ground.sleep(20_000).then(() => mayCommit(request) && apply(request, call.runId));
        throw failed('hub/commit-unknown');
      case 'applied-unknown':
        apply(request, call.runId);
        throw failed('hub/commit-unknown');
      case 'applied-gone':
        apply(request, call.runId);
        throw ground.workerGone();
      case 'not-made':
        return { ...committedAs(world.newId(repo), manifestDigest), settled: 'answered' };
      case 'wrong-oid':
        apply(request, call.runId);
        return { ...committedAs(world.newId(repo), manifestDigest), settled: 'answered' };
      case 'hangs':
        await hang(signal, notSent);
        if (!mayCommit(request)) return { outcome: 'stale', reason: 'the head moved' };
        break;
      case 'applied-hangs':
        apply(request, call.runId);
        await hang(signal);
        return { ...committedAs(ours(target, manifestDigest)!.id, manifestDigest), settled: 'answered' };
      default:
    }
    apply(request, call.runId);
    return { ...committedAs(ours(target, manifestDigest)!.id, manifestDigest), settled: 'answered' };
  };

  const findCommit = ({ approved, manifestDigest }: CommitRequest): CommitSearch => {
    const target = world.target(approved.plan.target.repo);
    const made = ours(target, manifestDigest);
    return made === undefined ? { outcome: 'absent', head: headOf(target) } : { ...committedAs(made.id, manifestDigest), settled: 'found' };
  };

  const verify = ({ target: repo, commit: id, manifestDigest }: VerifyRequest): VerifyReport => {
    const target = world.target(repo);
    if (target.commits.find((one) => one.id === id)?.manifest !== manifestDigest) throw failed('commit/different');
    target.verified.add(id);
    return { files: 1, readBack: { bytes: 1, ofBytes: 1, wholeFiles: 1, sampledFiles: 0, unreadFiles: 0 } };
  };

  const campaign = campaignSteps({
    world,
    ground,
    inputs,
    plan: (entry) => planArtifacts(entry, [], null),
  });

  return async (call, signal) => {
    const fault = onStep(call);
    const [arg] = call.args;
    if (fault !== null && call.name === 'freeHost') world.unfreed.add(`${hostOfQueue(call.queue) ?? ''} ${call.workflowId}`);
    if (fault === 'gone') throw ground.workerGone();
    if (fault === 'fails' && call.name !== 'commitArtifact') throw failed('hub/unauthorized');
    if (fault === 'hangs' && call.name !== 'commitArtifact') await hang(signal);
    // oxlint-disable typescript/no-unsafe-type-assertion -- the workflows are type-checked against the same contract
    switch (call.name) {
      case 'planEntry':
        return planEntry(arg as PlanRequest, fault);
      case 'checkPreconditions':
        return checkPreconditions(arg as ArtifactPlan);
      case 'probeHost':
        return { host: 'host-1', availableDiskBytes: 1e12, sources: [], targets: [] };
      case 'claimHost':
        return claimHost(arg as ClaimRequest, call);
      case 'freeHost':
        return freeHost(arg as FreeRequest, call);
      case 'buildArtifact':
        return build(arg as ApprovedArtifact, call);
      case 'uploadArtifact':
        return fault === 'scratch-lost' ? { outcome: 'scratch-lost', reason: 'It is gone.' } : upload(arg as UploadRequest, call);
      case 'commitArtifact':
        return commit(arg as CommitRequest, call, fault, signal);
      case 'findCommit':
        return findCommit(arg as CommitRequest);
      case 'verifyArtifact':
        return verify(arg as VerifyRequest);
      case 'addToCollection':
        return fault === 'refused'
          ? { outcome: 'failed', collection: 'Models', code: 'hub/forbidden', kind: 'denied', reason: 'no', hint: null }
          : { outcome: 'added', collection: 'acme/models-0123456789abcdef01234567' };
      case 'awaitWorkflow':
        return ground.closed(arg as string).then(() => undefined);
      case 'notify':
        onNotified(Notification.parse(arg));
        return undefined;
      default:
        return campaign(call, signal);
    }
    // oxlint-enable typescript/no-unsafe-type-assertion
  };
};
