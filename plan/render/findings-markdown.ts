import { capitalize, plural } from '../../core/text.js';
import { codeSpan, escapeMarkdown } from '../escape.js';
import { levelOf, type FleetFinding } from '../findings/finding.js';
import type { RepairReport } from '../findings/repair.js';
import type { FindingTable } from '../findings/finding-table.js';
import { readBackText } from '../read-back.js';
import { table } from './tables.js';

/** The work and the findings of a run of re-validation, as far as they are shown. */
export interface ShownRun {
  /** `now` if a person runs it without a schedule. */
  readonly which: 'nightly' | 'weekly' | 'now';
  readonly targets: number;
  /** Files that were read whole. */
  readonly filesRead: number;
  /** Bytes of these files and of samples. */
  readonly bytesRead: number;
  /** Bytes of all published files. */
  readonly ofBytes: number;
  readonly findings: FindingTable;
  /** The first entries that need a new publish, with the result of starting it. */
  readonly repairs: readonly RepairReport[];
  readonly repairsWanted: number;
}

/** Maximum rows in a table: the Web UI limits the size of its details. */
const MOST_ROWS = 100;

const REPAIRED: Readonly<Record<RepairReport['outcome'], string>> = {
  started: 'started a publish, which waits for approval',
  runs: 'a publish of it already runs',
  'ended-before': 'started no publish: an earlier one for the same findings was not carried out',
  refused: 'no publish could be started',
};

/** Describes the result of starting a publish for a finding. */
export const repairText = ({ outcome, reason }: RepairReport): string =>
  reason === undefined ? REPAIRED[outcome] : `${REPAIRED[outcome]}: ${reason}`;

/** Formats the numbers of findings: `3 findings and 1 note in 120 targets`. */
export const findingCounts = ({ findings: { attention, info }, targets }: Pick<ShownRun, 'findings' | 'targets'>): string => {
  const found = attention === 0 ? 'no findings' : plural(attention, 'finding');
  return `${found}${info === 0 ? '' : ` and ${plural(info, 'note')}`} in ${plural(targets, 'target')}`;
};

/** Describes how the run compared published files. It does not vouch for bytes that it did not read. */
export const readText = ({
  which,
  filesRead,
  bytesRead,
  ofBytes,
}: Pick<ShownRun, 'which' | 'filesRead' | 'bytesRead' | 'ofBytes'>): string =>
  which === 'weekly'
    ? `${readBackText({ bytes: bytesRead, ofBytes })}: ${plural(filesRead, 'file')} whole, and samples of the other large files`
    : 'compared with the listing of the Hub; no bytes were read back';

const row = (found: FleetFinding): string[] => [
  found.entry === null ? '' : codeSpan(found.entry),
  found.target === null ? '' : codeSpan(found.target),
  `${levelOf(found) === 'info' ? 'ℹ' : '✗'} ${codeSpan(found.code)}`,
  escapeMarkdown(found.message, 500),
];

/** Renders a run of re-validation as Markdown for the Web UI and for a job summary. Everything from outside is escaped. */
export const findingsMarkdown = (run: ShownRun): string => {
  const { findings } = run;
  const beyond = findings.attention + findings.info - findings.rows.length;
  return [
    `## ${run.which === 'now' ? 'Published' : `Re-validation, ${run.which}`}: ${findingCounts(run)}`,
    `${capitalize(readText(run))}.`,
    table(['entry', 'target', 'finding', 'message'], findings.rows.map(row), MOST_ROWS),
    beyond > 0 ? `${plural(beyond, 'more finding')} without a row; digest of all findings: ${codeSpan(findings.digest ?? '')}` : '',
    table(
      ['entry', 'repair'],
      run.repairs.map((repair) => [codeSpan(repair.entry), escapeMarkdown(repairText(repair), 400)]),
      MOST_ROWS,
    ),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
};
