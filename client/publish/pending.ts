import pMap from 'p-map';
import { isEntryName } from '../../catalog/entry-name.js';
import { Digest } from '../../core/ids.js';
import { decideCommand } from '../../plan/render/words.js';
import type { Stage } from '../../contract/stages.js';
import type { TemporalClient } from '../../temporal/connect-client.js';
import { listPages, OPEN, type Listed } from '../../temporal/list-workflows.js';
import { readRunning } from '../../temporal/running.js';
import { SwpStage } from '../../contract/search-attributes.js';

interface Wait {
  readonly waitsFor: string;
  readonly commands: (listed: Listed) => readonly string[];
}

const decidePlan = ({ entry, plan }: Listed): string[] => {
  const digest = Digest.safeParse(plan);
  return digest.success
    ? (['approve', 'reject'] as const).map((verdict) => decideCommand(verdict, entry, 'plan', digest.data))
    : [`swp plan ${entry}`];
};

/** The stages that only a person ends, with the role of that person and the commands. */
const WAITS: ReadonlyMap<string | null, Wait> = new Map<Stage, Wait>([
  ['awaiting-approval', { waitsFor: 'a reviewer', commands: decidePlan }],
  // The list does not contain the sealed manifest; the status has it, with the commands.
  ['awaiting-release', { waitsFor: 'a reviewer', commands: ({ entry }) => [`swp status ${entry}`] }],
  ['needs-attention', { waitsFor: 'an operator', commands: ({ entry }) => [`swp retry ${entry}`, `swp abandon ${entry}`] }],
]);

const queryOf = (type: 'publishEntry' | 'publishArtifact', ...stages: readonly Stage[]): string =>
  `${OPEN} AND WorkflowType = '${type}' AND ${SwpStage.name} IN (${stages.map((stage) => `'${stage}'`).join(', ')})`;

const TARGETS = queryOf('publishArtifact', 'awaiting-release', 'needs-attention');
const PUBLISHES = queryOf('publishEntry', 'awaiting-approval', 'needs-attention');

/** Yields the targets that wait, then the publishes. Skips a publish that shows only that one of its targets is paused. */
async function* waitingPages(temporal: TemporalClient): AsyncGenerator<readonly Listed[]> {
  const paused = new Set<string>();
  for await (const page of listPages(temporal, TARGETS)) {
    for (const { entry, stage } of page) if (stage === 'needs-attention') paused.add(entry);
    yield page;
  }
  for await (const page of listPages(temporal, PUBLISHES))
    yield page.filter(({ entry, stage }) => stage !== 'needs-attention' || !paused.has(entry));
}

export interface Pending extends Listed {
  readonly waitsFor: string;
  /** Commands that decide it, or show what there is to decide. */
  readonly commands: readonly string[];
}

const withWait = (listed: Listed): Pending => {
  const { waitsFor, commands: commandsOf } = WAITS.get(listed.stage) ?? { waitsFor: 'a person', commands: () => [] };
  // People copy commands into a shell: build none from an invalid name.
  const commands = isEntryName(listed.entry) ? commandsOf(listed) : [];
  return { ...listed, waitsFor, commands };
};

/** Number of items of the whole list that are checked, at a request each: the list lags a moment behind a decision. */
const MAX_CHECKED = 50;
const CONCURRENCY = 16;

/** Leaves out those of the first `count` items that have reached another stage since they were listed. */
const withoutDecided = async ({ client }: TemporalClient, page: readonly Listed[], count: number): Promise<readonly Listed[]> => {
  const now = await pMap(page.slice(0, count), ({ workflow, run }) => readRunning(client, workflow, run), { concurrency: CONCURRENCY });
  return page.filter(({ stage }, at) => at >= now.length || (now[at]?.isOpen === true && now[at].stage === stage));
};

/** Yields everything that waits for a person, in pages. */
export async function* pendingPages(temporal: TemporalClient): AsyncGenerator<readonly Pending[]> {
  let unchecked = MAX_CHECKED;
  for await (const page of waitingPages(temporal)) {
    yield (await withoutDecided(temporal, page, unchecked)).map(withWait);
    unchecked = Math.max(0, unchecked - page.length);
  }
}
