import { campaignId, publishId, targetId } from '../../../contract/names.js';
import type { Notification } from '../../../contract/notification.js';
import type { Digest } from '../../../core/ids.js';
import type { Resolution } from '../../../contract/messages.js';
import type { Ground } from './ground.js';
import type { World } from './world.js';

export const STARTER = 'cy@example.org';
const REVIEWERS = ['ada@example.org', 'bob@example.org', STARTER] as const;

type Subject = { readonly plan: Digest } | { readonly manifest: Digest };

/** The people of an order. They read notifications, and answer rightly, wrongly, twice, late or never. */
export class People {
  constructor(
    private readonly world: World,
    private readonly ground: Ground,
    private readonly below: (limit: number) => number,
  ) {}

  async read(notification: Notification): Promise<void> {
    const { ground, below } = this;
    await ground.sleep([0, 0, 50, 30_000, 600_000][below(5)] ?? 0);
    switch (notification.event) {
      case 'awaiting-approval':
        return this.decide(publishId(notification.entry), { plan: notification.plan });
      case 'campaign':
        return this.decide(campaignId(notification.id), { plan: notification.plan });
      case 'awaiting-release':
        return this.decide(targetId(notification.target), { manifest: notification.manifest });
      case 'needs-attention':
        return this.resolve(notification.workflow);
      default:
    }
  }

  /** Approves as everybody who may. */
  async approve(workflowId: string, subject: Subject): Promise<void> {
    for (const reviewer of REVIEWERS) await this.say(workflowId, subject, reviewer, 'approve');
  }

  /** Approves the plan of an earlier round, or of another publish. */
  async approveOld(workflowId: string): Promise<void> {
    const old = this.world.plannedDigests.at(-2) ?? this.world.plannedDigests[0];
    if (old !== undefined) await this.approve(workflowId, { plan: old });
  }

  private async decide(workflowId: string, subject: Subject): Promise<void> {
    const { ground, below } = this;
    const choice = below(20);
    if (choice === 0) return;
    if (choice === 1) return this.say(workflowId, subject, 'ada@example.org', 'reject');
    if (choice === 2) await ground.update(workflowId, 'decide', { ...subject, verdict: 'maybe' });
    if (choice === 3) await this.approveOld(workflowId);
    if (choice === 4) await this.say(workflowId, subject, REVIEWERS[0], 'approve');
    return this.approve(workflowId, subject);
  }

  private async resolve(workflowId: string): Promise<void> {
    const choice = this.below(20);
    if (choice === 0) return this.ground.cancel(workflowId);
    const action: Resolution['action'] = choice < 3 ? 'abandon' : choice < 7 ? 'move' : 'retry';
    await this.ground.update(workflowId, 'resolve', { action });
    // A step that cannot move is retried.
    if (action === 'move') await this.ground.update(workflowId, 'resolve', { action: 'retry' });
  }

  private async say(workflowId: string, subject: Subject, reviewer: string, verdict: 'approve' | 'reject'): Promise<void> {
    const reference = 'plan' in subject ? subject.plan : subject.manifest;
    this.world.said({ reference, reviewer, verdict });
    const message = { ...subject, verdict, reviewer };
    if (this.below(2) === 0) await this.ground.signal(workflowId, 'review', message);
    else await this.ground.update(workflowId, 'decide', message);
  }
}
