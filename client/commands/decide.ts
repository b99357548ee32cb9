import { SwpError } from '../../core/error.js';
import { DecisionMessage, namesDigest, shortDigest } from '../../plan/decision.js';
import { planText } from '../../plan/render/terminal.js';
import { entryName } from '../catalog.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { ask } from '../prompt.js';
import { withTemporal } from '../publish/connect.js';
import { localReviewer, sendDecision } from '../publish/decide.js';
import { newestPlan } from '../publish/plan-history.js';
import { readPublish } from '../publish/read.js';

export interface DecideOptions {
  readonly entry: string;
  readonly verdict: 'approve' | 'reject';
  readonly digest?: string;
  readonly as?: string;
  readonly note?: string;
}

const PAST = { approve: 'approved', reject: 'rejected' } as const;

/** The person must have seen a plan: on a terminal it is shown, otherwise its digest must be given. */
const needDigest = (verdict: string, entry: string): SwpError =>
  new SwpError('usage', 'client/digest-needed', `Without a terminal, ${verdict} takes the digest of the plan that was read.`, {
    hint: `swp plan ${entry}, then swp ${verdict} ${entry} <digest>`,
  });

/** Approves or rejects exactly one plan. */
export const decide = async (options: DecideOptions, context: Context): Promise<ExitCode> => {
  const entry = await entryName(context, options.entry);
  const { verdict } = options;
  return withTemporal(context, async ({ client }) => {
    const running = await readPublish(client, entry);
    const shown = await newestPlan(client, running.id, running.runId);
    if (running.status !== 'RUNNING' || shown === null)
      throw new SwpError(
        'not-found',
        'publish/nothing-asked',
        `No plan of ${entry} waits for a decision (${running.stage ?? running.status}).`,
        { hint: `swp status ${entry}` },
      );
    if (options.digest === undefined) {
      if (!context.interactive || context.out.json) throw needDigest(verdict, entry);
      context.out.note(planText(shown, context.out.paint));
      if (!(await ask(`${verdict === 'approve' ? 'Approve' : 'Reject'} plan ${shortDigest(shown.digest)}?`, context.signal))) {
        context.out.note('Nothing was decided.');
        return EXIT.awaitingApproval;
      }
    }
    const message = DecisionMessage.safeParse({
      plan: options.digest ?? shown.digest,
      verdict,
      reviewer: options.as ?? localReviewer(context.env),
      ...(options.note === undefined ? {} : { note: options.note }),
    });
    if (!message.success)
      throw new SwpError(
        'usage',
        'client/bad-decision',
        message.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '),
      );
    if (!namesDigest(message.data.plan, shown.digest))
      throw new SwpError('stale', 'publish/other-plan', `The plan that waits is ${shortDigest(shown.digest)}, not ${message.data.plan}.`, {
        hint: `Read it: swp plan ${entry}`,
      });
    const sent = await sendDecision(client, running.id, shown.round, shown.digest, { ...message.data, plan: shown.digest });
    const who = `${message.data.reviewer} (as ${options.as === undefined ? 'your user name' : 'you said'}: a claim, not a proof)`;
    context.out.data(
      { entry, plan: shown.digest, round: shown.round, verdict, reviewer: message.data.reviewer, sent: sent.how },
      () => `Plan ${shortDigest(shown.digest)} of ${entry} ${PAST[verdict]} by ${who}.`,
    );
    if (sent.how === 'left')
      context.out.warn(`No worker answered. The decision waits in the workflow; start one with \`swp worker control\`.`);
    else if (sent.reply.accepted === 'before') context.out.note('It had been decided so before.');
    return EXIT.ok;
  });
};
