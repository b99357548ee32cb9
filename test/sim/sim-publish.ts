import { messageOf, SwpError } from '../../core/error.js';
import { comparePreconditions } from '../../plan/preconditions.js';
import type { Digest } from '../../core/ids.js';
import type { CollectionReport, CommitReport, CommitRequest } from '../../contract/publish-activities.js';
import { makePayload } from '../../publish/build/make-payload.js';
import { inputsOf } from '../../publish/build/vindex/shared-inputs-of.js';
import { collectTarget } from '../../publish/collection/add-to-collection.js';
import { commitSealed } from '../../publish/commit/commit-sealed.js';
import { findCommit } from '../../publish/commit/find-commit.js';
import { explainFailure } from '../../publish/scratch/explain-failure.js';
import { readTarget } from '../../publish/facts/read-target.js';
import { openSealed, seal, isSealLost } from '../../publish/seal/seal.js';
import { uploadSealed } from '../../publish/upload/upload-sealed.js';
import { verifyPublished } from '../../publish/verify/verify-published.js';
import { planWith } from '../support/publish-here.js';
import { Crash, Incarnation } from './incarnation.js';
import type { SimWorker, SimWorld } from './sim-world.js';

export interface SimPublish {
  /** Number of plans that were approved. */
  readonly approvals: number;
  /** Number of times that the operator had to lift the fault. */
  readonly helped: number;
  /** The head of the target in the plan that was published; null if the target did not exist. */
  readonly plannedHead: string | null;
  /** Null if the target already held what the plan would publish. */
  readonly commit: string | null;
  /** Messages of all errors that a person would see. */
  readonly messages: readonly string[];
  /** Null if the plan adds it to no collection. */
  readonly collection: CollectionReport | null;
}

type Planned = Awaited<ReturnType<typeof planWith>>;
type Committed = Extract<CommitReport, { outcome: 'committed' }>;

interface Ending {
  readonly planned: Planned;
  readonly commit: string | null;
  readonly collection: CollectionReport | null;
}

/** The next step of a publish, with the results of the steps before. Everything else that a step needs is on the scratch disk and on the Hub. */
export type Progress =
  | { readonly next: 'plan'; readonly round: number }
  | { readonly next: 'check' | 'build'; readonly planned: Planned }
  | { readonly next: 'upload'; readonly planned: Planned; readonly manifest: Digest }
  | { readonly next: 'commit'; readonly planned: Planned; readonly request: CommitRequest }
  | { readonly next: 'verify'; readonly planned: Planned; readonly request: CommitRequest; readonly made: Committed }
  | { readonly next: 'collect'; readonly planned: Planned; readonly commit: string }
  | ({ readonly next: 'free' } & Ending)
  | ({ readonly next: 'nothing' } & Ending);

const MAX_HELP = 5;
const MAX_ROUNDS = 12;
/** Temporal repeats a step after a transient failure. */
const STEP_RETRY_MS = 1_000;

/** The worker that runs the steps of a publish now. Another one is started when it crashes. */
interface Workers {
  current: SimWorker;
  /** Starts the next worker after a crash. */
  readonly next: () => SimWorker;
}

/** A worker that never crashes. */
export const reliableWorker = (world: SimWorld): Workers => {
  const start = (): SimWorker => world.startWorker(new Incarnation());
  return { current: start(), next: start };
};

export interface PublishOptions {
  /** Called when the operator lifts a permanent fault. */
  readonly lift?: () => void;
  readonly workers?: Workers;
  /** The step to continue from; absent for the first one. */
  readonly from?: Progress;
  /** Called before each step. */
  readonly onStep?: (progress: Progress) => void;
}

/**
 * Publishes as the workflow does: repeats a step after a transient failure and after a crash of its worker, asks the operator after a
 * permanent failure, builds again when sealed files are lost, and plans again when the target has moved.
 */
export const publishInMemory = async (
  world: SimWorld,
  {
    lift = () => undefined,
    workers = reliableWorker(world),
    from = { next: 'plan', round: 1 },
    onStep = () => undefined,
  }: PublishOptions = {},
): Promise<SimPublish> => {
  const { clock, layout, target, entry, larql } = world;
  const { signal } = new AbortController();
  const messages: string[] = [];
  let helped = 0;
  let approvals = from.next === 'plan' ? 0 : 1;

  const askOperator = (error: unknown): void => {
    messages.push(messageOf(error));
    helped += 1;
    if (helped > MAX_HELP) throw error;
    lift();
  };
  const run = async <T>(worker: SimWorker, step: (worker: SimWorker) => Promise<T>): Promise<T> => {
    try {
      await worker.ready();
      return await step(worker);
    } catch (thrown) {
      throw await explainFailure(worker.machine.files, thrown, layout.root);
    }
  };
  const attempt = async <T>(step: (worker: SimWorker) => Promise<T>): Promise<T | 'lost'> => {
    for (;;) {
      const { current: worker } = workers;
      try {
        return await Promise.race([run(worker, step), worker.life.crashed]);
      } catch (error) {
        if (error instanceof Crash) {
          await clock.sleep(STEP_RETRY_MS);
          workers.current = workers.next();
          continue;
        }
        if (!(error instanceof SwpError)) throw error;
        if (isSealLost(error)) return 'lost';
        if (error.transient) await clock.sleep(STEP_RETRY_MS);
        else askOperator(error);
      }
    }
  };
  const hubsOf = ({ hub }: SimWorker) => ({ hub, sourceHub: hub, layout, shouldStop: () => false });

  const plan = async (round: number): Promise<Progress> => {
    if (round > MAX_ROUNDS) throw new Error(`not published in ${MAX_ROUNDS} rounds`);
    const planned = await attempt(({ hub }) => planWith(entry, hub, layout, { larql, round }));
    if (planned === 'lost') throw new Error('a plan reads nothing from scratch');
    const blocked = planned.order.plan.checks.find(({ verdict }) => verdict === 'blocked');
    if (blocked === undefined) {
      if (planned.order.plan.action === 'unchanged') return { next: 'free', planned, commit: null, collection: null };
      approvals += 1;
      return { next: 'check', planned };
    }
    askOperator(new Error(blocked.message));
    return { next: 'plan', round: round + 1 };
  };

  /** Verifies a commit. The Hub's answer may name a wrong one, so the trailers decide which is ours. */
  const verifyMade = async ({ hub }: SimWorker, made: Committed, request: CommitRequest): Promise<string> => {
    const verify = async (committed: Committed): Promise<string> => {
      await verifyPublished(hub, { target, ...committed }, () => undefined, signal);
      return committed.commit;
    };
    try {
      return await verify(made);
    } catch (error) {
      const found = await findCommit(hub, request, signal);
      if (found.outcome !== 'committed' || found.commit === made.commit) throw error;
      return verify(found);
    }
  };

  /** The newest commit request: the step that sent it may have ended without its answer. */
  let inDoubt: CommitRequest | null = null;
  /** Looks for a commit in doubt before anything else is tried. */
  const unlessCommitted = async (planned: Planned, otherwise: Progress): Promise<Progress> => {
    const request = inDoubt;
    if (request === null) return otherwise;
    const found = await attempt(({ hub }) => findCommit(hub, request, signal));
    return found !== 'lost' && found.outcome === 'committed' ? { next: 'verify', planned, request, made: found } : otherwise;
  };

  const advance = async (progress: Exclude<Progress, { next: 'nothing' }>): Promise<Progress> => {
    if (progress.next === 'plan') return plan(progress.round);
    const { planned } = progress;
    const { approved, order } = planned;
    const stale: Progress = { next: 'plan', round: approved.decision.round + 1 };
    const build: Progress = { next: 'build', planned };
    const open = ({ machine }: SimWorker, manifest: Digest) => openSealed({ machine, layout }, approved, manifest);
    switch (progress.next) {
      case 'check': {
        const checked = await attempt(async ({ hub }) => comparePreconditions(order.plan, await readTarget(hub, target, signal)));
        if (checked === 'lost' || checked.state === 'stale') return stale;
        return checked.state === 'unchanged' ? { next: 'free', planned, commit: null, collection: null } : build;
      }
      case 'build': {
        const sealed = await attempt(async ({ hub, scratch: { shared, claims } }) => {
          const { recipe, recipeDigest, estimate } = order.plan;
          const claim = { holder: order.holder, recipeDigest: recipeDigest!, diskBytes: estimate.diskBytes, memoryBytes: 0 };
          const claimed = await claims.claim({ ...claim, inputs: recipe?.kind === 'vindex' ? inputsOf(recipe) : [] });
          if (!claimed.granted) throw new SwpError('quota', 'scratch/full', claimed.reason);
          const deps = { hub, layout, shared, larql, shouldStop: () => false };
          return seal(deps, approved, await makePayload(deps, order), signal);
        });
        return sealed === 'lost' ? build : { next: 'upload', planned, manifest: sealed.digest };
      }
      case 'upload': {
        const { manifest } = progress;
        const uploaded = await attempt(async (worker) =>
          uploadSealed(hubsOf(worker), approved, await open(worker, manifest), order.report, signal),
        );
        if (uploaded === 'lost') return unlessCommitted(planned, build);
        if (uploaded.outcome !== 'uploaded') return unlessCommitted(planned, stale);
        return { next: 'commit', planned, request: { approved, manifestDigest: manifest, parent: uploaded.parent } };
      }
      case 'commit': {
        const { request } = progress;
        const { manifestDigest: manifest, parent } = request;
        inDoubt = request;
        const made = await attempt(async (worker) => commitSealed(hubsOf(worker), approved, await open(worker, manifest), parent, signal));
        if (made === 'lost') return unlessCommitted(planned, build);
        if (made.outcome === 'stale') return unlessCommitted(planned, stale);
        if (made.outcome === 'blobs-missing') return { next: 'upload', planned, manifest };
        if (made.outcome !== 'committed') throw new Error(`unexpected ${made.outcome}`);
        return { next: 'verify', planned, request, made };
      }
      case 'verify': {
        const { made, request } = progress;
        const commit = await attempt((worker) => verifyMade(worker, made, request));
        return order.plan.collection === undefined
          ? { next: 'free', planned, commit, collection: null }
          : { next: 'collect', planned, commit };
      }
      case 'collect': {
        const collected = await attempt(({ hub }) => collectTarget({ hub, targets: null }, approved, signal));
        return { next: 'free', planned, commit: progress.commit, collection: collected === 'lost' ? null : collected };
      }
      case 'free': {
        await attempt(async ({ scratch: { claims, shared } }) => {
          await claims.free(order.holder, order.plan.recipeDigest!);
          await shared.free(order.holder);
        });
        return { ...progress, next: 'nothing' };
      }
    }
  };

  let progress = from;
  while (progress.next !== 'nothing') {
    onStep(progress);
    progress = await advance(progress);
  }
  const { planned, commit, collection } = progress;
  return { approvals, helped, messages, collection, commit, plannedHead: planned.order.plan.target.head };
};
