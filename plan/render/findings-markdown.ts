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
  readonly repairs: readonly RepairReport[];
  readonly repairsWanted: number;
}

/** Limit of rows in a table: the Web UI's details have limited room. */
const MOST_ROWS = 100;

const REPAIRED: Readonly<Record<RepairReport['outcome'], string>> = {
  started: 'started a publish, which waits for approval',
  runs: 'a publish of it runs already',
  'ended-before': 'only reported: a publish for the same findings was not carried out',
  refused: 'no publish could be started',
};

/** Describes the result of starting a publish for a finding. */
export const repairText = ({ outcome, reason }: RepairReport): string =>
  reason === undefined ? REPAIRED[outcome] : `${REPAIRED[outcome]}: ${reason}`;

/** Formats the numbers of findings: `3 findings to attend to, 1 to know, in 120 targets`. */
export const findingCounts = ({ findings: { attention, info }, targets }: Pick<ShownRun, 'findings' | 'targets'>): string => {
  const found = attention === 0 ? 'nothing that needs attention' : `${plural(attention, 'finding')} to attend to`;
  return `${found}${info === 0 ? '' : `, ${info} to know`}, in ${plural(targets, 'target')}`;
};

/** Describes how the run compared published files. It does not vouch for bytes that it did not read. */
export const readText = ({
  which,
  filesRead,
  bytesRead,
  ofBytes,
}: Pick<ShownRun, 'which' | 'filesRead' | 'bytesRead' | 'ofBytes'>): string =>
  which === 'weekly'
    ? `${readBackText({ bytes: bytesRead, ofBytes })}: ${plural(filesRead, 'file')} whole, large ones among the others in samples`
    : 'compared as the Hub lists it; no bytes were read back';

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
    table(['entry', 'target', 'finding', 'what'], findings.rows.map(row), MOST_ROWS),
    beyond > 0 ? `${plural(beyond, 'more finding')} that no row shows; digest of all: ${codeSpan(findings.digest ?? '')}` : '',
    table(
      ['entry', 'and then'],
      run.repairs.map((repair) => [codeSpan(repair.entry), escapeMarkdown(repairText(repair), 400)]),
      MOST_ROWS,
    ),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
};
