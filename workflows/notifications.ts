import { CancellationScope, condition, workflowInfo } from '@temporalio/workflow';
import type { Notification } from '../contract/notification.js';
import type { Problem } from '../plan/problem.js';
import { LIMITS, on } from './activities.js';

/** Longest wait of an ended workflow for its last notifications. */
const DRAIN_TIMEOUT = '3 seconds';

/** Sends the notifications of one workflow. The running workflow does not wait for them, and a failed one does not fail it. */
export class Notifications {
  private pending = 0;

  send(notification: Notification): void {
    this.pending += 1;
    const done = (): void => void (this.pending -= 1);
    const { event } = notification;
    CancellationScope.nonCancellable(() =>
      on('control', LIMITS.notification).notify.executeWithOptions({ summary: event }, [notification]),
    ).then(done, done);
  }

  /** Notifies people that this workflow is paused and needs a decision. */
  sendPaused(entry: string, problem: Problem): void {
    this.send({ event: 'needs-attention', entry, workflow: workflowInfo().workflowId, problem });
  }

  /** Waits briefly for pending notifications: the server drops the activities of a closed workflow. */
  async drain(): Promise<void> {
    if (this.pending === 0) return;
    await CancellationScope.nonCancellable(() => condition(() => this.pending === 0, DRAIN_TIMEOUT, { summary: 'last notifications' }));
  }
}
