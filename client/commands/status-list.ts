import type { Context } from '../context.js';
import { stageOf } from '../../temporal/running.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { withTemporal } from '../publish/connect.js';
import { listPages, OPEN_PUBLISHES } from '../../temporal/list-workflows.js';

/** Lists every publish that runs, and those of its targets that run. */
export const statusList = async (context: Context): Promise<ExitCode> =>
  withTemporal(context, async (temporal) => {
    const count = await context.out.pages(['entry', 'stage', 'workflow', 'started'], listPages(temporal, OPEN_PUBLISHES), (found) => [
      found.entry,
      stageOf(found),
      found.workflow,
      context.out.time(found.startedAt),
    ]);
    if (count === 0) context.out.note('No publish is running. See earlier ones: swp history <entry>');
    return EXIT.ok;
  });
