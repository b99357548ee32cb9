import { SwpError } from '../../core/error.js';
import { DecisionMessage, namesDigest, reviewerText, shortDigest } from '../../plan/decision.js';
import { planText } from '../../plan/render/terminal.js';
import { entryName } from '../catalog.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { ask } from '../prompt.js';
import { withTemporal } from '../publish/connect.js';
import { sendDecision } from '../publish/decide.js';
import { newestPlan } from '../publish/plan-history.js';
import { readPublish } from '../publish/read.js';
import { findReviewer } from '../publish/reviewer.js';
import { startWorkerHint, unpolledText } from '../publish/workers.js';

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

const parseMessage = (message: unknown): DecisionMessage => {
  const parsed = DecisionMessage.safeParse(message);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new SwpError('usage', 'client/bad-decision', faults.join('; '));
};

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
    const message = parseMessage({
      plan: options.digest ?? shown.digest,
      verdict,
      ...(await findReviewer(options.as, context)),
      ...(options.note === undefined ? {} : { note: options.note }),
    });
    if (!namesDigest(message.plan, shown.digest))
      throw new SwpError('stale', 'publish/other-plan', `The plan that waits is ${shortDigest(shown.digest)}, not ${message.plan}.`, {
        hint: `Read it: swp plan ${entry}`,
      });
    const sent = await sendDecision(client, running, shown.round, shown.digest, { ...message, plan: shown.digest });
    const { reviewer, identity } = message;
    context.out.data(
      {
        entry,
        plan: shown.digest,
        round: shown.round,
        verdict,
        reviewer,
        ...(identity === undefined ? {} : { identity }),
        sent: sent.how,
      },
      () =>
        `Plan ${shortDigest(shown.digest)} of ${entry} ${PAST[verdict]} by ${reviewerText(message)}${identity === undefined ? ', as you said' : ''}: a claim, not a proof.`,
    );
    if (sent.how === 'left') {
      const why = sent.missing === null ? 'No worker answered.' : unpolledText(sent.missing);
      const hint = sent.missing === null ? "Look at the control worker's log." : startWorkerHint(sent.missing);
      context.out.warn(`${why} The decision waits in the workflow, and is taken when one does. ${hint}`);
      return EXIT.unavailable;
    }
    if (sent.reply.accepted === 'before') context.out.note('It had been decided so before.');
    return EXIT.ok;
  });
};
