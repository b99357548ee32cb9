import type { Digest } from '../../core/ids.js';
import { formatBytes, plural } from '../../core/text.js';
import type { CampaignRow } from '../campaign/campaign-row.js';
import type { CampaignTotals } from '../campaign/campaign-totals.js';
import { shortDigest } from '../decision.js';
import { codeSpan, escapeMarkdown } from '../escape.js';
import { decisionForms } from './decision-forms.js';
import { table } from './tables.js';

/** Limit of rows in the Web UI; `swp campaign show` has all. */
const MOST_ROWS = 100;

/** Formats totals: `12 entries to publish (3.4 GB, …), 980 unchanged, 8 blocked`. */
export const totalsText = ({ changes, unchanged, blocked, outputBytes, diskBytes }: CampaignTotals): string =>
  [
    `${plural(changes, 'entry', 'entries')} to publish${changes === 0 ? '' : ` (${formatBytes(outputBytes)} in total, at most ${formatBytes(diskBytes)} of disk per entry)`}`,
    `${unchanged.toLocaleString('en-US')} unchanged`,
    `${blocked.toLocaleString('en-US')} blocked`,
  ].join(', ');

const ORDER: Readonly<Record<CampaignRow['state'], number>> = { changes: 0, blocked: 1, unchanged: 2 };

/** Sorts rows for a reviewer: entries that would change, then blocked entries, then unchanged ones. */
export const sortRows = (rows: readonly CampaignRow[]): CampaignRow[] =>
  rows.toSorted((a, b) => ORDER[a.state] - ORDER[b.state] || (a.entry < b.entry ? -1 : 1));

/** Returns the rows that are shown. */
export const firstRows = (rows: readonly CampaignRow[]): readonly CampaignRow[] => sortRows(rows).slice(0, MOST_ROWS);

/** Describes the planned effect on an entry. */
export const rowText = ({ state, artifacts, outputBytes, reason }: CampaignRow): string => {
  if (state === 'blocked') return `blocked: ${reason ?? 'no reason given'}`;
  if (state === 'unchanged') return 'unchanged';
  return `${artifacts.map(({ kind, action }) => `${kind}: ${action}`).join(', ')}; ${formatBytes(outputBytes)}`;
};

export interface ShownCampaign {
  readonly id: string;
  readonly totals: CampaignTotals;
  /** Null while it is planned, or if nothing changes. */
  readonly plan: Digest | null;
  /** Empty once the campaign has continued as new without them. */
  readonly rows: readonly CampaignRow[];
  /** Number of planned entries beyond these rows. */
  readonly more: number;
  /** One sentence each. */
  readonly notes: readonly string[];
  /** True while decisions are accepted. */
  readonly asks: boolean;
  /** Number of publishes at each stage. */
  readonly stages: ReadonlyMap<string, number>;
}

/** Renders a campaign as Markdown for the Web UI. Everything from outside is escaped. */
export const campaignMarkdown = ({ id, totals, plan, rows, more, notes, asks, stages }: ShownCampaign): string =>
  [
    `## Campaign ${codeSpan(id)}`,
    `**${totalsText(totals)}**`,
    plan === null ? '' : `Plan digest, over all entries and the digests of their plans: ${codeSpan(plan)}`,
    ...notes.map((note) => escapeMarkdown(note, 600)),
    asks && plan !== null
      ? `Send Update \`decide\` or Signal \`review\`. Add \`"entries": ["source/key"]\` to decide only about these entries.\n\n${decisionForms('plan', plan)}`
      : '',
    table(
      ['publishes', 'stage'],
      [...stages].map(([stage, count]) => [plural(count, 'publish', 'publishes'), codeSpan(stage)]),
    ),
    table(
      ['entry', 'plan', 'effect'],
      firstRows(rows).map((row) => [
        codeSpan(row.entry),
        row.plan === null ? '' : codeSpan(shortDigest(row.plan)),
        escapeMarkdown(rowText(row), 300),
      ]),
    ),
    more > 0 ? `and ${plural(more, 'more entry', 'more entries')}; see all with ${codeSpan(`swp campaign show ${id}`)}` : '',
  ]
    .filter((part) => part !== '')
    .join('\n\n');
