import { Context } from '@temporalio/activity';
import { comparePreconditions } from '../plan/preconditions.js';
import type { ControlActivities, WaitingActivities } from '../contract/publish-activities.js';
import { findCommit } from '../publish/commit/find-commit.js';
import { readSource } from '../publish/facts/read-source.js';
import { readTarget } from '../publish/facts/read-target.js';
import { withRetryReporting, withHeartbeat } from './heartbeat.js';
import type { Notification } from '../contract/notification.js';
import { planEntry, type PlanDeps } from '../publish/planning/plan-entry.js';
import { verifyPublished } from '../publish/verify/verify-published.js';

/** The Hub has a read token, because no step here writes to it. The policies come from this worker's settings. */
export interface ControlDeps extends PlanDeps {
  /** Posts a notification in one attempt; does nothing if no webhook is set. */
  readonly notify: (notification: Notification, signal: AbortSignal) => Promise<void>;
  /** Resolves when the workflow with that id has closed, with any status; rejects when aborted. */
  readonly awaitWorkflow: (id: string, signal: AbortSignal) => Promise<void>;
}

/** Creates the light steps: facts, plans, preconditions, verification, and waiting for a lock. */
export const createControlActivities = (deps: ControlDeps): ControlActivities & WaitingActivities => ({
  planEntry: (request) =>
    withHeartbeat('planning', async (signal, report) => {
      const { shown: _shown, ...planned } = await planEntry({ ...deps, hub: withRetryReporting(deps.hub, report) }, request, signal);
      return planned;
    }),

  checkPreconditions: (plan) =>
    withHeartbeat('checking the target', async (signal, report) => {
      const hub = withRetryReporting(deps.hub, report);
      const { source } = plan;
      if (source !== null) {
        const found = await readSource(hub, source.repo, source.commit, signal);
        if (found === null) return { state: 'stale', reason: `${source.repo} no longer exists at ${source.commit}` };
        if (found.private && !plan.target.private) return { state: 'stale', reason: `${source.repo} has become private` };
      }
      return comparePreconditions(plan, await readTarget(hub, plan.target.repo, signal));
    }),

  verifyArtifact: (request) =>
    withHeartbeat('verifying', (signal, report) => verifyPublished(withRetryReporting(deps.hub, report), request, report, signal)),

  findCommit: (request) =>
    withHeartbeat('committing', (signal, report) => findCommit(withRetryReporting(deps.hub, report), request, signal)),

  notify: (notification) => deps.notify(notification, Context.current().cancellationSignal),

  awaitWorkflow: (id) => withHeartbeat(`waiting for ${id}`, (signal) => deps.awaitWorkflow(id, signal)),
});
