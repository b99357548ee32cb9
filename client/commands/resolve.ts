import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { Consent } from '../prompt.js';
import { withEntry } from '../publish/with-entry.js';
import { answerAll, notPaused, readParties } from '../publish/resolution.js';

/** Finds what is paused of a publish, itself or the children of its targets, and answers all of it. */
export const resolve = async (
  options: { readonly entry: string; readonly action: 'retry' | 'abandon'; readonly note?: string; readonly yes?: boolean },
  context: Context,
): Promise<ExitCode> => {
  const { entry: _entry, yes, ...resolution } = options;
  const consent = options.action === 'abandon' ? new Consent('abandon', options.entry, yes === true, context) : null;
  return withEntry(context, options.entry, async ({ client }, entry) => {
    const parties = await readParties(client, entry);
    const { paused } = parties;
    if (paused.length === 0) throw notPaused(entry, parties);
    const what = paused.map(({ id }) => id).join(', ');
    if ((await consent?.given(`Abandon ${what}? What is committed already stays published.`)) === false) return EXIT.nothingToDo;
    const chosen = paused.map((running) => ({ running }));
    await answerAll(client, entry, chosen, resolution, context);
    return EXIT.ok;
  });
};
