import { ChildWorkflowCancellationType, ChildWorkflowFailure, isCancellation, ParentClosePolicy, startChild } from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { repoKey } from '../core/ids.js';
import { targetId } from '../contract/names.js';
import type { publishArtifact } from './publish-artifact.js';
import { SwpEntry, SwpStage, SwpTargets } from '../contract/search-attributes.js';
import { waiting } from './activity-proxies.js';
import type { ArtifactInput, ArtifactResult } from '../contract/results.js';

/**
 * Runs the child that holds a target's lock. Who finds the lock taken waits for its holder to close and
 * tries again; another may have been faster, so it is a loop.
 *
 * @param onWait told the id that is waited for, and null when the wait is over
 */
export const runChild = async (input: ArtifactInput, onWait: (id: string | null) => void): Promise<ArtifactResult> => {
  const { plan, entryName } = input.approved;
  const workflowId = targetId(plan.target.repo);
  for (;;) {
    try {
      const child = await startChild<typeof publishArtifact>('publishArtifact', {
        workflowId,
        args: [input],
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
        typedSearchAttributes: [
          { key: SwpEntry, value: entryName },
          { key: SwpStage, value: 'building' },
          { key: SwpTargets, value: [repoKey(plan.target.repo)] },
        ],
        staticSummary: `${plan.kind} of ${entryName} to ${plan.target.repo}`,
      });
      return await child.result();
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    onWait(workflowId);
    try {
      await waiting().awaitWorkflow.executeWithOptions({ summary: `wait for ${workflowId}` }, [workflowId]);
    } finally {
      onWait(null);
    }
  }
};

/** Why a child failed, in one sentence; cancellation is not a failure and is thrown on. */
export const childFailure = (error: unknown): string => {
  if (isCancellation(error)) throw error;
  const cause = error instanceof ChildWorkflowFailure ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
};
