import { SwpError } from '../../core/error.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { Consent } from '../prompt.js';
import { withEntry } from '../publish/with-entry.js';
import { requestCancel } from '../../temporal/control-publish.js';
import { readPublish, stageOf } from '../../temporal/running.js';
import { startWorkerHint, unpolledControl, unpolledText } from '../../temporal/workers.js';

/** Requests the cancellation of a publish. A target whose commit is already sent still ends published, and its result says so. */
export const cancel = async (options: { readonly entry: string; readonly yes?: boolean }, context: Context): Promise<ExitCode> => {
  const consent = new Consent('cancel', options.entry, options.yes === true, context);
  return withEntry(context, options.entry, async ({ client }, entry) => {
    const running = await readPublish(client, entry);
    if (!running.isOpen)
      throw new SwpError('conflict', 'publish/ended', `The publish of ${entry} has ended already: ${stageOf(running)}.`, {
        hint: `See what it did: swp status ${entry}`,
      });
    if (!(await consent.given(`Cancel the publish of ${entry} (${stageOf(running)})? Targets that are already committed stay published.`)))
      return EXIT.nothingToDo;
    await requestCancel(client, running);
    context.out.data(
      { entry, workflow: running.id, cancelRequested: true },
      () => `${entry}: cancelling. Targets that are already committed stay published: swp status ${entry}`,
    );
    const missing = await unpolledControl(client, running.taskQueue);
    if (missing === null) return EXIT.ok;
    context.out.warn(`${unpolledText(missing)} The publish ends when one polls. ${startWorkerHint(missing)}`);
    return EXIT.unavailable;
  });
};
