import { SwpError } from '../../core/error.js';
import { planText } from '../../plan/render/terminal.js';
import { entryName } from '../catalog.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { withTemporal } from '../publish/connect.js';
import { newestPlan } from '../publish/plan-history.js';
import { readPublish } from '../publish/read.js';

/** Shows the newest plan of the publish that runs, or ran last. */
export const plan = async (options: { readonly entry: string }, context: Context): Promise<ExitCode> => {
  const entry = await entryName(context, options.entry);
  return withTemporal(context, async ({ client }) => {
    const running = await readPublish(client, entry);
    const shown = await newestPlan(client, running.id, running.runId);
    if (shown === null)
      throw new SwpError('unavailable', 'publish/no-plan', `The publish of ${entry} has no plan yet.`, {
        hint: `See what it does: swp status ${entry}`,
      });
    context.out.data({ ...shown, stage: running.stage, status: running.status }, () => planText(shown, context.out.paint));
    if (running.stage === 'awaiting-approval') context.out.note(`\nApprove exactly this plan: swp approve ${entry}`);
    return EXIT.ok;
  });
};
