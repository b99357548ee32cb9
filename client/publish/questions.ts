import type { Client } from '../../temporal/connect-client.js';
import type { Digest } from '../../core/ids.js';
import { SwpError } from '../../core/error.js';
import { shortDigest } from '../../plan/decision.js';
import type { Paint } from '../../plan/render/paint.js';
import { planText } from '../../plan/render/terminal.js';
import { newestPlan } from '../../temporal/newest-plan.js';
import { readPublish, readTargets, type Running } from '../../temporal/running.js';
import { sealedText, waitingReleases } from './releases.js';

/** A plan, or the sealed files built from one, for a person to approve or reject. */
export interface Question {
  readonly subject: 'plan' | 'manifest';
  readonly digest: Digest;
  readonly round: number;
  /** The workflow that takes the decision. */
  readonly running: Running;
  /** True if the workflow waits for it now. */
  readonly waits: boolean;
  /** The text that the person should have read. */
  readonly text: (paint: Paint) => string;
}

export const questionName = ({ subject, digest }: Pick<Question, 'subject' | 'digest'>): string => `${subject} ${shortDigest(digest)}`;

/**
 * Returns the questions about an entry: its newest plan, and each target that waits for its release.
 *
 * @throws SwpError `publish/nothing-to-decide`
 */
export const pendingDecisions = async (client: Client, entry: string): Promise<readonly Question[]> => {
  const running = await readPublish(client, entry);
  const plan = await newestPlan(client, running.id, running.runId);
  if (!running.isOpen || plan === null)
    throw new SwpError(
      'not-found',
      'publish/nothing-to-decide',
      `No plan of ${entry} waits for a decision (${running.stage ?? running.status}).`,
      { hint: `swp status ${entry}` },
    );
  const releases = waitingReleases(await readTargets(client, running));
  return [
    {
      subject: 'plan',
      digest: plan.digest,
      round: plan.round,
      running,
      waits: running.stage === 'awaiting-approval',
      text: (paint) => planText(plan, paint),
    },
    ...releases.map((sealed): Question => ({
      subject: 'manifest',
      digest: sealed.manifest,
      round: plan.round,
      running: sealed.target,
      waits: true,
      text: () => sealedText(sealed),
    })),
  ];
};
