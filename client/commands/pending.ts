import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { withTemporal } from '../publish/connect.js';
import { pendingPages, type Pending } from '../publish/pending.js';

const whatOf = ({ stage, workflow }: Pending): string => {
  if (stage === 'awaiting-approval') return 'a plan';
  return stage === 'awaiting-release' ? `release of ${workflow}` : `${workflow} is paused`;
};

/** Lists everything that waits for a person, with the time since when and the commands that decide it. */
export const pending = async (context: Context): Promise<ExitCode> =>
  withTemporal(context, async (temporal) => {
    const count = await context.out.pages(['entry', 'waits for', 'what', 'since', 'decide with'], pendingPages(temporal), (item) => [
      item.entry,
      item.waitsFor,
      whatOf(item),
      context.out.time(item.since),
      // A digest is long: show only the approve command, whose digest the reject command also takes.
      (item.stage === 'awaiting-approval' ? item.commands.slice(0, 1) : item.commands).join(', or '),
    ]);
    if (count === 0) context.out.note('Nothing waits for a person.');
    return EXIT.ok;
  });
