import type { ArtifactResult, PublishResult } from '../../../contract/results.js';
import type { Order } from './order.js';
import type { Played } from './run-order.js';
import type { Run } from './sim-temporal.js';
import type { Commit, Target, World } from './world.js';

/** Returns the commits that a run made, with their targets. */
const madeBy = ({ runId }: Run, { targets }: World): { readonly target: Target; readonly commit: Commit }[] =>
  [...targets.values()].flatMap((target) =>
    target.commits.filter(({ run, manifest }) => run === runId && manifest !== null).map((commit) => ({ target, commit })),
  );

const checkTarget = (run: Run, world: World): void => {
  const { workflowId, end } = run;
  const made = madeBy(run, world);
  if (made.length > 1) world.violate(`${workflowId} made ${made.length} commits`);
  if (end?.status === 'failed') world.violate(`${workflowId} failed: ${end.error.message}`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the result of publishArtifact
  const result = end?.status === 'completed' ? (end.result as ArtifactResult) : null;
  if (result?.outcome === 'published') {
    const { commit, manifest } = result.receipt;
    const target = [...world.targets.values()].find(({ commits }) => commits.some(({ id }) => id === commit));
    if (target?.commits.find(({ id }) => id === commit)?.manifest !== manifest)
      world.violate(`${workflowId} says that it published commit ${commit}, which is not there`);
    if (target?.verified.has(commit) !== true) world.violate(`${workflowId} published a commit that was not verified`);
    return;
  }
  const mayLeaveCommit = result?.outcome === 'abandoned' && result.commit !== 'none';
  if (made.length > 0 && !mayLeaveCommit)
    world.violate(`${workflowId} ended as ${result?.outcome ?? end?.status ?? 'nothing'}, but its commit is in the target`);
};

const checkPublish = ({ workflowId, end }: Run, { faults }: Order, world: World): void => {
  if (end?.status === 'failed') {
    if (!faults.some(({ fault }) => fault === 'blocked')) world.violate(`${workflowId} failed: ${end.error.message}`);
    return;
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the result of publishEntry
  const result = end?.status === 'completed' ? (end.result as PublishResult) : null;
  for (const { result: artifact } of result?.artifacts ?? [])
    if (artifact.outcome === 'stale') world.violate(`${workflowId} ended with a stale artifact`);
};

/**
 * Checks the end of an order: what each workflow says is what happened, and no slot of a host is held.
 *
 * @throws with all violations
 */
export const inspectOrder = (order: Order, { runs, world }: Pick<Played, 'runs' | 'world'>): void => {
  for (const run of runs) {
    if (run.type === 'publishArtifact') checkTarget(run, world);
    else if (run.type === 'publishEntry') checkPublish(run, order, world);
    else if (run.end?.status === 'failed' && !order.faults.some(({ step, fault }) => step === 'probeHost' && fault === 'fails'))
      world.violate(`${run.workflowId} failed: ${run.end.error.message}`);
  }
  for (const [host, holders] of world.slots) for (const holder of holders) world.violate(`${holder} still holds the slot of ${host}`);
  if (world.violations.length > 0) throw new Error([...new Set(world.violations)].join('\n'));
};
