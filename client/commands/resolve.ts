import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { Consent } from '../prompt.js';
import { withEntry } from '../publish/with-entry.js';
import { sendResolutions, notPaused, readWorkflows } from '../publish/resolution.js';

/** Retries or abandons everything that is paused in a publish: the publish itself, or the workflows of its targets. */
export const resolve = async (
  options: { readonly entry: string; readonly action: 'retry' | 'abandon'; readonly note?: string; readonly yes?: boolean },
  context: Context,
): Promise<ExitCode> => {
  const { entry: _entry, yes, ...resolution } = options;
  const consent = options.action === 'abandon' ? new Consent('abandon', options.entry, yes === true, context) : null;
  return withEntry(context, options.entry, async ({ client }, entry) => {
    const workflows = await readWorkflows(client, entry);
    const { paused } = workflows;
    if (paused.length === 0) throw notPaused(entry, workflows);
    const what = paused.map(({ id }) => id).join(', ');
    if ((await consent?.given(`Abandon ${what}? Targets that are already committed stay published.`)) === false) return EXIT.nothingToDo;
    const chosen = paused.map((running) => ({ running }));
    await sendResolutions(client, entry, chosen, resolution, context);
    return EXIT.ok;
  });
};
