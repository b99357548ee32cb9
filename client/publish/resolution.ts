import type { Client } from '../../temporal/connect-client.js';
import { sendResolution } from '../../temporal/control-publish.js';
import { SwpError } from '../../core/error.js';
import type { Resolution, ResolutionReply } from '../../contract/messages.js';
import type { Context } from '../context.js';
import { stripControls } from '../output/strip-controls.js';
import { readPublish, readTargets, type Running, stageOf } from '../../temporal/running.js';
import { pausedIn } from './status.js';
import { noWorker, unpolledControl } from '../../temporal/workers.js';

/** A publish, the workflows of its targets, and those of both that are paused. */
export interface PublishWorkflows {
  readonly publish: Running;
  readonly targets: readonly Running[];
  readonly paused: readonly Running[];
}

export const readWorkflows = async (client: Client, entry: string): Promise<PublishWorkflows> => {
  const publish = await readPublish(client, entry);
  const targets = await readTargets(client, publish);
  return { publish, targets, paused: pausedIn({ publish, targets }) };
};

/** Returns the error for a publish that is not paused, with what to do instead. */
export const notPaused = (entry: string, { publish, targets }: PublishWorkflows): SwpError => {
  const stages = [...new Set([publish, ...targets].filter(({ isOpen }) => isOpen).map(stageOf))];
  if (!publish.isOpen)
    return new SwpError('conflict', 'publish/ended', `The publish of ${entry} has ended already: ${stageOf(publish)}.`, {
      hint: `Start another with \`swp start ${entry}\`.`,
    });
  const waitsForDecision = publish.stage === 'awaiting-approval';
  return new SwpError('conflict', 'publish/not-paused', `Nothing of ${entry} is paused: it is ${stages.join(', ')}.`, {
    hint: waitsForDecision
      ? `Read its plan and decide: \`swp plan ${entry}\`. End it with \`swp cancel ${entry}\`.`
      : `It continues by itself: \`swp status ${entry}\`. End it with \`swp cancel ${entry}\`.`,
  });
};

/** A workflow to resolve, and the host that its step was on, if that is known. */
export interface Resolvable {
  readonly running: Running;
  readonly host?: string;
}

/** Sends a resolution to workflows of an entry, one after another, and prints their replies. */
export const sendResolutions = async (
  client: Client,
  entry: string,
  chosen: readonly Resolvable[],
  resolution: Resolution,
  { out }: Pick<Context, 'out'>,
): Promise<void> => {
  const { action } = resolution;
  const missing = await unpolledControl(client, chosen[0]?.running.taskQueue ?? '');
  if (missing !== null) throw noWorker(`Cannot ${action} ${entry}.`, missing);
  const replies: (ResolutionReply & { readonly workflow: string; readonly host?: string })[] = [];
  try {
    for (const { running, host } of chosen)
      replies.push({
        workflow: running.id,
        ...(await sendResolution(client, entry, running, resolution)),
        ...(host === undefined ? {} : { host }),
      });
  } finally {
    // Print the replies even if a later workflow fails: those that replied go on.
    if (replies.length > 0)
      out.data(replies, () =>
        stripControls(
          replies
            .map(({ workflow, step, host }) => `${workflow}: ${action} at ${step}${host === undefined ? '' : `, from host ${host}`}`)
            .join('\n'),
        ),
      );
  }
};
