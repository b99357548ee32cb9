import { SwpError } from '../../core/error.js';
import { shortDigest } from '../../plan/decision.js';
import { formatSeconds } from '../../core/text.js';
import { publishId } from '../../contract/names.js';
import { addressesOf, type Addresses } from '../addresses.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { stripControls } from '../output/strip-controls.js';
import type { TimeText } from '../output/time.js';
import { withEntry } from '../publish/with-entry.js';
import { decisionLine } from '../publish/decision-line.js';
import { readRuns, type ArtifactEnd, type Run } from '../../temporal/publish-runs.js';

const endLines = ({ kind, target, outcome, commit, reason }: ArtifactEnd, { commit: pageOf }: Addresses): string[] => [
  `  ${kind.padEnd(8)}  ${target}: ${outcome}${commit === null ? '' : `, commit ${commit}`}${reason === null ? '' : `: ${reason}`}`,
  ...(commit === null ? [] : [`            ${pageOf(target, commit)}`]),
];

const pageLines = (page: string | null): string[] => (page === null ? [] : [`  see       ${page}`]);

const runLines = (entry: string, run: Run, time: TimeText, addresses: Addresses): string[] => [
  `${time(run.startedAt)}  ${run.outcome}${run.closedAt === null ? '' : ` after ${formatSeconds((run.closedAt.getTime() - run.startedAt.getTime()) / 1000)}`}`,
  ...(run.plan === null ? [] : [`  plan      ${shortDigest(run.plan)}, round ${run.round}`]),
  ...run.decisions.map((decision) => `  ${decisionLine(decision, time)}`),
  ...pageLines(addresses.workflow(publishId(entry), run.run)),
  ...run.artifacts.flatMap((end) => endLines(end, addresses)),
];

/** Shows the publishes of an entry: when each ran, how it ended, its decisions and its commits. */
export const history = async (options: { readonly entry: string; readonly limit: number }, context: Context): Promise<ExitCode> =>
  withEntry(context, options.entry, async (temporal, entry) => {
    const runs = await readRuns(temporal, entry, options.limit);
    if (runs.length === 0)
      throw new SwpError('not-found', 'publish/none', `No publish of ${entry} is known to this Temporal server.`, {
        hint: `The server deletes ended publishes after its retention time. The commits in the targets stay: swp verify ${entry}`,
      });
    const addresses = addressesOf(context.env, temporal);
    context.out.data(runs, () =>
      stripControls(runs.map((run) => runLines(entry, run, context.out.time, addresses).join('\n')).join('\n\n')),
    );
    if (runs.length === options.limit) context.out.note('There may be more. To list them, raise --limit.');
    return EXIT.ok;
  });
