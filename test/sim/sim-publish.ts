import { messageOf, SwpError } from '../../core/error.js';
import { comparePreconditions } from '../../plan/preconditions.js';
import type { CollectionReport, CommitReport, CommitRequest } from '../../contract/publish-activities.js';
import { makePayload } from '../../publish/build/make-payload.js';
import { collectTarget } from '../../publish/collection/add-to-collection.js';
import { commitSealed } from '../../publish/commit/commit-sealed.js';
import { findCommit } from '../../publish/commit/find-commit.js';
import { readTarget } from '../../publish/facts/read-target.js';
import { SharedInputs } from '../../publish/scratch/shared-inputs.js';
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
  /** Messages of all errors that a person would see. */
  readonly messages: readonly string[];
  /** Null if the plan adds it to no collection. */
  readonly collection: CollectionReport | null;
}

type Committed = Extract<CommitReport, { outcome: 'committed' }>;

const MAX_HELP = 5;
const MAX_ROUNDS = 5;
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

/**
 * Publishes as the workflow does: repeats a step after a transient failure and after a crash of its worker, asks the operator after a
 * permanent failure, builds again when sealed files are lost, and plans again when the target has moved.
 *
 * @param lift called when the operator lifts a permanent fault
 */
export const publishInMemory = async (
  { clock, layout, target, entry, larql }: SimWorld,
  lift: () => void,
  workers: Workers,
): Promise<SimPublish> => {
  const { signal } = new AbortController();
  const messages: string[] = [];
  let [approvals, helped] = [0, 0];
  let collection: CollectionReport | null = null;
  const askOperator = (error: unknown): void => {
    messages.push(messageOf(error));
    helped += 1;
    if (helped > MAX_HELP) throw error;
    lift();
  };
  const attempt = async <T>(step: (worker: SimWorker) => Promise<T>): Promise<T | 'lost'> => {
    for (;;) {
      const { current: worker } = workers;
      try {
        return await Promise.race([step(worker), worker.life.crashed]);
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

  /** Verifies a commit. The Hub's answer may name a wrong one, so the trailers decide which is ours. */
  const verifyMade = async ({ hub }: SimWorker, made: Committed, request: CommitRequest): Promise<void> => {
    const verify = (committed: Committed) => verifyPublished(hub, { target, ...committed }, () => undefined, signal);
    try {
      await verify(made);
    } catch (error) {
      const found = await findCommit(hub, request, signal);
      if (found.outcome !== 'committed' || found.commit === made.commit) throw error;
      await verify(found);
    }
  };

  type Planned = Awaited<ReturnType<typeof planWith>>;
  const publishApproved = async ({ approved, order }: Planned): Promise<'published' | 'stale'> => {
    const { plan, report } = order;
    const checked = await attempt(async ({ hub }) => comparePreconditions(plan, await readTarget(hub, plan.target.repo, signal)));
    if (checked === 'lost' || checked.state === 'stale') return 'stale';
    for (;;) {
      const sealed = await attempt(async ({ machine, hub }) => {
        const deps = { hub, layout, shared: new SharedInputs(machine, layout), larql, shouldStop: () => false };
        const payload = await makePayload(deps, order);
        return seal(deps, approved, payload, signal);
      });
      if (sealed === 'lost') continue;
      const open = ({ machine }: SimWorker) => openSealed({ machine, layout }, approved, sealed.digest);
      for (;;) {
        const uploaded = await attempt(async (worker) => uploadSealed(hubsOf(worker), approved, await open(worker), report, signal));
        if (uploaded === 'lost') break;
        if (uploaded.outcome !== 'uploaded') return 'stale';
        const made = await attempt(async (worker) => commitSealed(hubsOf(worker), approved, await open(worker), uploaded.parent, signal));
        if (made === 'lost') break;
        if (made.outcome === 'stale') return 'stale';
        if (made.outcome === 'blobs-missing') continue;
        if (made.outcome !== 'committed') throw new Error(`unexpected ${made.outcome}`);
        const request = { approved, manifestDigest: sealed.digest, parent: uploaded.parent };
        await attempt((worker) => verifyMade(worker, made, request));
        if (plan.collection !== undefined) {
          const collected = await attempt(({ hub }) => collectTarget({ hub, targets: null }, approved, signal));
          collection = collected === 'lost' ? null : collected;
        }
        return 'published';
      }
    }
  };

  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const planned = await attempt(({ hub }) => planWith(entry, hub, layout, { larql, round }));
    if (planned === 'lost') throw new Error('a plan reads nothing from scratch');
    const { plan } = planned.order;
    const blocked = plan.checks.find(({ verdict }) => verdict === 'blocked');
    if (blocked !== undefined) {
      askOperator(new Error(blocked.message));
      continue;
    }
    approvals += 1;
    if ((await publishApproved(planned)) === 'published') return { approvals, helped, messages, collection, plannedHead: plan.target.head };
  }
  throw new Error(`not published in ${MAX_ROUNDS} rounds`);
};
