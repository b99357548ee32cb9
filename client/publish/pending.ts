import type { Client } from '@temporalio/client';
import pMap from 'p-map';
import { isEntryName } from '../../catalog/entry-name.js';
import type { Stage } from '../../workflows/stages.js';
import type { TemporalClient } from '../temporal-connection.js';
import { firstPayload, timeOf } from './events.js';
import { listPages, RUNNING, type Listed } from './list.js';
import { SwpStage } from '../../workflows/search-attributes.js';

interface Wait {
  readonly waitsFor: string;
  readonly verbs: readonly string[];
}

/** The stages that only a person ends: who that is, and the commands that do it. */
const WAITS: ReadonlyMap<string | null, Wait> = new Map<Stage, Wait>([
  ['awaiting-approval', { waitsFor: 'a reviewer', verbs: ['approve', 'reject'] }],
  ['awaiting-release', { waitsFor: 'a reviewer', verbs: ['approve', 'reject'] }],
  ['needs-attention', { waitsFor: 'an operator', verbs: ['retry', 'abandon'] }],
]);

const QUERY = `${RUNNING} AND ${SwpStage.name} IN (${[...WAITS.keys()].map((stage) => `'${stage}'`).join(', ')})`;

/** For so many it is asked since when they wait: a request each. */
const ASKED = 50;
const AT_ONCE = 16;
/** Among its last events is the one that began the wait. */
const LAST_EVENTS = 30;

export interface Pending extends Listed {
  readonly waitsFor: string;
  /** Since when it stands there; null where only its start is known. */
  readonly since: Date | null;
  /** Either of them decides. */
  readonly commands: readonly string[];
}

/** Since when a workflow stands at its stage; undefined where it does no longer, whatever the list says. */
const sinceOf = async (client: Client, { workflow, run, stage }: Listed): Promise<Date | null | undefined> => {
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: client.options.namespace,
    execution: { workflowId: workflow, runId: run },
    maximumPageSize: LAST_EVENTS,
  });
  for (const event of history?.events ?? []) {
    const field = event.upsertWorkflowSearchAttributesEventAttributes?.searchAttributes?.indexedFields?.[SwpStage.name];
    if (field !== undefined) {
      const value: unknown = firstPayload({ payloads: [field] });
      return [value].flat().includes(stage) ? timeOf(event) : undefined;
    }
  }
  return null;
};

const withWait = (listed: Listed, since: Date | null): Pending => {
  const { waitsFor, verbs } = WAITS.get(listed.stage) ?? { waitsFor: 'a person', verbs: [] };
  // Commands are copied into a shell: none is made from a name that is none.
  const commands = isEntryName(listed.entry) ? verbs.map((verb) => `swp ${verb} ${listed.entry}`) : [];
  return { ...listed, waitsFor, since, commands };
};

/** Everything that waits for a person, in pages. */
export async function* pendingPages(temporal: TemporalClient): AsyncGenerator<readonly Pending[]> {
  let asked = 0;
  for await (const page of listPages(temporal, QUERY)) {
    const first = page.slice(0, ASKED - asked);
    asked += first.length;
    const times = await pMap(first, (listed) => sinceOf(temporal.client, listed), { concurrency: AT_ONCE });
    yield page.flatMap((listed, at) => {
      const since = at < first.length ? times[at] : null;
      return since === undefined ? [] : [withWait(listed, since)];
    });
  }
}
