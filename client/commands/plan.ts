import { SwpError } from '../../core/error.js';
import { decisionText, type DecisionRecord } from '../../plan/decision.js';
import { codeSpan, escapeMarkdown } from '../../plan/escape.js';
import { planMarkdown, type ShownPlan } from '../../plan/render/markdown.js';
import { SUMMARY_LIMIT } from '../../plan/render/tables.js';
import { planText } from '../../plan/render/terminal.js';
import { decideCommand } from '../../plan/render/words.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { stripControls } from '../output/strip-controls.js';
import { writtenTime } from '../output/time.js';
import { withEntry } from '../publish/with-entry.js';
import { newestPlan } from '../../temporal/newest-plan.js';
import { readPublish } from '../../temporal/running.js';
import { noWorker, unpolledControl } from '../../temporal/workers.js';

/** Space for the text after the plan in a summary. */
const NEXT_BYTES = 10_000;

/** Formats the plan for a job summary, with its decision, or with the command that decides it. */
const summary = (entry: string, shown: ShownPlan, decision: DecisionRecord | null, waits: boolean): string =>
  [
    planMarkdown(shown, SUMMARY_LIMIT - NEXT_BYTES),
    ...(decision === null ? [] : [`${escapeMarkdown(decisionText(decision), 800)} (${decision.at})`]),
    ...(waits ? [`Approve exactly this plan: ${codeSpan(decideCommand('approve', entry, 'plan', shown.digest))}`] : []),
  ].join('\n\n');

/** Shows the newest plan of the publish that runs, or ran last, and its decision. */
export const plan = async (options: { readonly entry: string; readonly markdown?: boolean }, context: Context): Promise<ExitCode> => {
  return withEntry(context, options.entry, async ({ client }, entry) => {
    const running = await readPublish(client, entry);
    const shown = await newestPlan(client, running.id, running.runId);
    if (shown === null) {
      const none = `The publish of ${entry} has no plan yet.`;
      const missing = running.isOpen ? await unpolledControl(client, running.taskQueue) : null;
      if (missing !== null) throw noWorker(none, missing);
      throw new SwpError('unavailable', 'publish/no-plan', none, { hint: `See what it does: swp status ${entry}` });
    }
    const decision = running.state?.decisions.find(({ round }) => round === shown.round) ?? null;
    const waits = running.isOpen && running.stage === 'awaiting-approval';
    context.out.data({ ...shown, stage: running.stage, status: running.status, decision }, () =>
      options.markdown === true
        ? summary(entry, shown, decision, waits)
        : [
            planText(shown, context.out.paint),
            ...(decision === null ? [] : ['', `${stripControls(decisionText(decision))} (${writtenTime(decision.at, context.out.time)})`]),
          ].join('\n'),
    );
    if (waits) context.out.note(`\nApprove exactly this plan: ${decideCommand('approve', entry, 'plan', shown.digest)}`);
    return EXIT.ok;
  });
};
