import type { Client } from '@temporalio/client';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { neutralise } from '../output/neutralise.js';
import { withEntry } from '../publish/with-entry.js';
import { explainEnd, exitOf, resultLines } from '../publish/outcome.js';
import { publishResult } from '../publish/read.js';
import { pausedIn, readView, viewLines, type PublishView } from '../publish/status.js';
import { watchPublish } from '../publish/watch.js';

/** Shows how a publish ended, and answers its exit code. */
const showEnd = async (client: Client, view: PublishView, text: string, context: Context): Promise<ExitCode> => {
  try {
    const result = await publishResult(client, view.publish);
    context.out.data({ ...view, result }, () => [text, neutralise(resultLines(result, view.decisions).join('\n'))].join('\n'));
    return exitOf(result);
  } catch (error) {
    context.out.data(view, () => text);
    throw explainEnd(error);
  }
};

const exitOfRunning = (view: PublishView): ExitCode => {
  if (pausedIn(view).length > 0) return EXIT.failed;
  if (view.publish.stage === 'awaiting-approval' || view.releases.length > 0) return EXIT.awaitingApproval;
  return view.missing === null ? EXIT.ok : EXIT.unavailable;
};

/** Where one publish stands, or all that run. */
export const status = async (options: { readonly entry?: string; readonly watch?: boolean }, context: Context): Promise<ExitCode> => {
  const { entry: name } = options;
  if (name === undefined) return (await import('./status-list.js')).statusList(context);
  return withEntry(context, name, async ({ client }, entry) => {
    const view = options.watch === true ? await watchPublish(client, entry, context) : await readView(client, entry);
    const text = neutralise(viewLines(entry, view, context.out.time).join('\n'));
    if (view.publish.status !== 'RUNNING') return showEnd(client, view, text, context);
    context.out.data(view, () => text);
    return exitOfRunning(view);
  });
};
