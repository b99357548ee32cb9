import { CancellationScope, condition, workflowInfo } from '@temporalio/workflow';
import type { Notification } from '../contract/notification.js';
import type { Problem } from '../plan/problem.js';
import { notifying } from './activity-proxies.js';

/** A workflow that has ended waits no longer than this for its last notifications. */
const DRAIN = '3 seconds';

/** Notifications of one workflow. Nothing waits for them while it runs, and none that fails fails it. */
export class Notifications {
  private pending = 0;

  send(notification: Notification): void {
    this.pending += 1;
    const done = (): void => void (this.pending -= 1);
    const { what } = notification;
    CancellationScope.nonCancellable(() => notifying().notify.executeWithOptions({ summary: what }, [notification])).then(done, done);
  }

  /** Tells that this workflow is paused until somebody answers. */
  sendPaused(entry: string, problem: Problem): void {
    this.send({ what: 'needs-attention', entry, workflow: workflowInfo().workflowId, problem });
  }

  /** Waits a moment for what is under way: the server drops the activities of a workflow that has closed. */
  async drain(): Promise<void> {
    if (this.pending === 0) return;
    await CancellationScope.nonCancellable(() => condition(() => this.pending === 0, DRAIN, { summary: 'last notifications' }));
  }
}
