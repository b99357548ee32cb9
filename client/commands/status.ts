import type { Client } from '../../temporal/connect-client.js';
import { addressesOf, type Addresses } from '../addresses.js';
import type { Context } from '../context.js';
import type { ExitCode } from '../exit-codes.js';
import { stripControls } from '../output/strip-controls.js';
import { withEntry } from '../publish/with-entry.js';
import { explainEnd } from '../../temporal/explain-end.js';
import { exitOf, resultLines } from '../publish/outcome.js';
import { publishResult } from '../../temporal/running.js';
import { showRunning } from '../publish/show-running.js';
import { readView, viewLines, type PublishView } from '../publish/status.js';
import { watchPublish } from '../publish/watch.js';

/** Shows how a publish ended, and returns its exit code. */
const showEnd = async (client: Client, view: PublishView, text: string, addresses: Addresses, context: Context): Promise<ExitCode> => {
  try {
    const result = await publishResult(client, view.publish);
    context.out.data({ ...view, result }, () =>
      [text, stripControls(resultLines(result, view.decisions, addresses).join('\n'))].join('\n'),
    );
    return exitOf(result);
  } catch (error) {
    context.out.data(view, () => text);
    throw explainEnd(error);
  }
};

/** Shows the state of one publish, or of all that run. */
export const status = async (
  options: { readonly entry?: string; readonly watch?: boolean; readonly untilAttention?: boolean },
  context: Context,
): Promise<ExitCode> => {
  const { entry: name, untilAttention } = options;
  if (name === undefined) return (await import('./status-list.js')).statusList(context);
  return withEntry(context, name, async (temporal, entry) => {
    const { client } = temporal;
    const addresses = addressesOf(context.env, temporal);
    const watches = options.watch === true || untilAttention === true;
    const view = watches ? await watchPublish(client, entry, { untilAttention, addresses }, context) : await readView(client, entry);
    if (view.publish.isOpen) return showRunning(entry, view, addresses, context);
    return showEnd(
      client,
      view,
      stripControls(viewLines(entry, view, { time: context.out.time, addresses }).join('\n')),
      addresses,
      context,
    );
  });
};
