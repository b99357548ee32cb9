import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { SwpEntry, SwpStage } from '../../workflows/search-attributes.js';
import { entryName } from '../catalog.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { neutralise } from '../output/neutralise.js';
import { withTemporal } from '../publish/connect.js';
import { explainEnd, exitOf, resultLines } from '../publish/outcome.js';
import { publishResult } from '../publish/read.js';
import { readView, viewLines } from '../publish/status.js';

const WATCH_MS = 1_000;
/** More are a campaign's business. */
const LISTED = 200;

const listAll = async (client: Client, context: Context): Promise<ExitCode> => {
  const rows: { entry: string; stage: string; status: string; started: string; workflow: string }[] = [];
  for await (const found of client.workflow.list({ query: "WorkflowType = 'publishEntry'" })) {
    rows.push({
      entry: found.typedSearchAttributes.get(SwpEntry) ?? '',
      stage: found.typedSearchAttributes.get(SwpStage) ?? '',
      status: found.status.name,
      started: found.startTime.toISOString(),
      workflow: found.workflowId,
    });
    if (rows.length === LISTED) break;
  }
  context.out.table(
    rows,
    ['entry', 'stage', 'workflow', 'started'],
    rows.map((row) => [row.entry, row.stage === '' ? row.status.toLowerCase() : row.stage, row.status.toLowerCase(), row.started]),
  );
  return EXIT.ok;
};

/** Where one publish stands, or all of them. */
export const status = async (options: { readonly entry?: string; readonly watch?: boolean }, context: Context): Promise<ExitCode> =>
  withTemporal(context, async ({ client }) => {
    if (options.entry === undefined) return listAll(client, context);
    const entry = await entryName(context, options.entry);
    let shown = '';
    for (;;) {
      const view = await readView(client, entry);
      const text = neutralise(viewLines(entry, view).join('\n'));
      if (view.publish.status !== 'RUNNING') {
        try {
          const result = await publishResult(client, view.publish);
          context.out.data({ ...view, result }, () => [text, ...resultLines(result)].join('\n'));
          return exitOf(result);
        } catch (error) {
          context.out.data(view, () => text);
          throw explainEnd(error);
        }
      }
      if (options.watch !== true) {
        context.out.data(view, () => text);
        if (view.troubles.length > 0) return EXIT.failed;
        return view.publish.stage === 'awaiting-approval' ? EXIT.awaitingApproval : EXIT.ok;
      }
      if (text !== shown) context.out.note(text);
      shown = text;
      await delay(WATCH_MS, undefined, { signal: context.signal });
    }
  });
