import { checkTargets } from '../publish/verify/fleet/check-targets.js';
import { fleetOf } from '../catalog/fleet.js';
import { readCatalog } from '../catalog/load.js';
import { SwpError } from '../core/error.js';
import { sanitizeLine } from '../core/text.js';
import { RateBudget } from '../hub/budget.js';
import { withBudget, type Hub } from '../hub/hub.js';
import { tableAfter } from '../plan/findings/finding-digests.js';
import { catalogFindings, levelOf } from '../plan/findings/finding.js';
import { findingCounts, findingsMarkdown, readText } from '../plan/render/findings-markdown.js';
import { readSettings } from '../settings/settings.js';
import { catalogOptions } from './catalog.js';
import type { Context } from './context.js';
import { exitOfFindings, type ExitCode } from './exit-codes.js';

/** Number of targets between two lines of progress. */
const NOTE_EVERY = 25;

/** Runs the nightly re-validation from here: compares every target of the catalog, and its source, with the Hub listing. */
export const verifyAll = async (
  hub: Hub,
  { full, rebuild, markdown }: { readonly full?: boolean; readonly rebuild?: boolean; readonly markdown?: boolean },
  context: Context,
): Promise<ExitCode> => {
  if (full === true || rebuild === true)
    throw new SwpError(
      'usage',
      'client/verify-what',
      'The whole catalog is too large for --full or --rebuild: name an entry or a target.',
      {
        hint: 'To read a part of all files back every week, run `swp schedule set`.',
      },
    );
  const { out, signal } = context;
  const { validEntries, problems } = await readCatalog(catalogOptions(context));
  const targets = fleetOf(validEntries.values());
  const onDone = (done: number): void => {
    if (done % NOTE_EVERY === 0 || done === targets.length) out.note(`Checked ${done} of ${targets.length} targets.`);
  };
  const checked = await checkTargets(
    withBudget(hub, new RateBudget(hub.machine.clock)),
    targets,
    { publishers: readSettings(context.env).publishers, onDone },
    signal,
  );
  const table = tableAfter(null, [...catalogFindings(problems), ...checked], Infinity);
  const run = {
    which: 'now',
    targets: targets.length,
    filesRead: 0,
    bytesRead: 0,
    ofBytes: 0,
    findings: table,
    repairs: [],
    repairsWanted: 0,
  } as const;
  if (markdown === true) out.data({ targets: targets.length, ...table }, () => findingsMarkdown(run));
  else
    out.table(
      { targets: targets.length, ...table },
      ['entry', 'target', 'level', 'finding', 'message'],
      table.rows.map((found) => [found.entry ?? '', found.target ?? '', levelOf(found), found.code, sanitizeLine(found.message, 500)]),
    );
  out.note(`Found: ${findingCounts(run)}; ${readText(run)}.`);
  return exitOfFindings(table);
};
