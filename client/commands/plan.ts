import { SwpError } from '../../core/error.js';
import { decisionText } from '../../plan/decision.js';
import { planText } from '../../plan/render/terminal.js';
import { entryName } from '../catalog.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { neutralise } from '../output/neutralise.js';
import { withTemporal } from '../publish/connect.js';
import { decisionsIn } from '../publish/decision-history.js';
import { readEvents } from '../publish/events.js';
import { newestPlanIn } from '../publish/plan-history.js';
import { readPublish } from '../publish/read.js';
import { noWorker, unpolledControl } from '../publish/workers.js';

/** Shows the newest plan of the publish that runs, or ran last, and how it was decided. */
export const plan = async (options: { readonly entry: string }, context: Context): Promise<ExitCode> => {
  const entry = await entryName(context, options.entry);
  return withTemporal(context, async ({ client }) => {
    const running = await readPublish(client, entry);
    const events = await readEvents(client, running.id, running.runId);
    const shown = newestPlanIn(events);
    if (shown === null) {
      const none = `The publish of ${entry} has no plan yet.`;
      const missing = running.status === 'RUNNING' ? await unpolledControl(client, running.taskQueue) : null;
      if (missing !== null) throw noWorker(none, missing);
      throw new SwpError('unavailable', 'publish/no-plan', none, { hint: `See what it does: swp status ${entry}` });
    }
    const decision = decisionsIn(events).find(({ round }) => round === shown.round) ?? null;
    context.out.data({ ...shown, stage: running.stage, status: running.status, decision }, () =>
      [
        planText(shown, context.out.paint),
        ...(decision === null ? [] : ['', `${neutralise(decisionText(decision))} (${decision.at})`]),
      ].join('\n'),
    );
    if (running.stage === 'awaiting-approval') context.out.note(`\nApprove exactly this plan: swp approve ${entry}`);
    return EXIT.ok;
  });
};
