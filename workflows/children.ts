import { ChildWorkflowCancellationType, ChildWorkflowFailure, isCancellation, ParentClosePolicy, startChild } from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { repoKey } from '../core/ids.js';
import { targetId } from '../contract/names.js';
import type { publishArtifact } from './publish-artifact.js';
import { SwpEntry, SwpStage, SwpTargets } from '../contract/search-attributes.js';
import { on } from './activities.js';
import type { ArtifactInput, ArtifactResult } from '../contract/results.js';

interface ChildEvents {
  /** Called with the run id of the child when it has started. */
  readonly onStart: (run: string) => void;
  /** Called with the id of the workflow that holds the lock, when a wait for it begins and when it is over. */
  readonly onWait: (id: string, isWaiting: boolean) => void;
}

/**
 * Runs the child workflow that holds a target's lock. If another workflow holds the lock, waits until that one closes and
 * tries again. It is a loop, because a third workflow may take the lock first.
 */
export const runChild = async (input: ArtifactInput, { onStart, onWait }: ChildEvents): Promise<ArtifactResult> => {
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
      onStart(child.firstExecutionRunId);
      return await child.result();
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    onWait(workflowId, true);
    try {
      await on('waiting').awaitWorkflow.executeWithOptions({ summary: `wait for ${workflowId}` }, [workflowId]);
    } finally {
      onWait(workflowId, false);
    }
  }
};

/** Returns the reason why a child failed, as one sentence. Rethrows a cancellation, which is not a failure. */
export const childFailure = (error: unknown): string => {
  if (isCancellation(error)) throw error;
  const cause = error instanceof ChildWorkflowFailure ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
};
