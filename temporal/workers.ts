import type { Client } from '@temporalio/client';
import { SwpError } from '../core/error.js';
import { hostOfQueue, queuesOf } from '../contract/names.js';

/** Types of task queues by their number in Temporal's protocol (`TaskQueueType`). */
const QUEUE_TYPES = { workflows: 1, activities: 2 } as const;
const REQUEST_MS = 3_000;
/** A worker that starts together with a command polls within this time. */
export const GRACE_MS = 5_000;

/** Returns the recent pollers of a queue, with the age of their last poll; null if the server does not list them. */
const pollersOf = async (client: Client, name: string, type: keyof typeof QUEUE_TYPES): Promise<readonly Poller[] | null> => {
  const request = { namespace: client.options.namespace, taskQueue: { name }, taskQueueType: QUEUE_TYPES[type] };
  try {
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum is in a package of the SDK's own
    const describe = () => client.workflowService.describeTaskQueue(request);
    const { pollers } = await client.connection.withDeadline(Date.now() + REQUEST_MS, describe);
    return pollers.map(({ identity, lastAccessTime }) => ({
      identity: identity ?? '',
      ageMs: lastAccessTime == null ? 0 : Date.now() - Number(lastAccessTime.seconds) * 1000,
    }));
  } catch {
    return null;
  }
};

/**
 * Returns true if a worker has polled a queue in the last minutes: the server forgets a worker some five minutes after its
 * last poll. Also true if the server does not list pollers: the callers that then wait have a deadline of their own.
 */
const isPolled = async (client: Client, name: string, type: keyof typeof QUEUE_TYPES): Promise<boolean> =>
  (await pollersOf(client, name, type))?.length !== 0;

/** Returns the workers that polled a queue of activities a moment ago; null if the server does not list them. */
export const recentWorkers = async (client: Client, queue: string): Promise<ReadonlySet<string> | null> => {
  const pollers = await pollersOf(client, queue, 'activities');
  return pollers === null ? null : new Set(pollers.flatMap(({ identity, ageMs }) => (ageMs < POLL_MS ? [identity] : [])));
};

/** A worker with a free slot polls again within this time: the server answers each poll after a minute at the latest. */
const POLL_MS = 90_000;

interface Poller {
  readonly identity: string;
  readonly ageMs: number;
}

export type MissingWorker = 'control' | 'highmem';

/** A queue that no worker polls, and the role of the worker that would. */
export interface UnpolledQueue {
  readonly role: MissingWorker;
  readonly queue: string;
}

/** Returns the workflow queue if no control worker polls it, else null. */
export const unpolledControl = async (client: Client, taskQueue: string): Promise<UnpolledQueue | null> =>
  (await isPolled(client, taskQueue, 'workflows')) ? null : { role: 'control', queue: taskQueue };

/** Returns the first of these activity queues that no worker polls. Queues of a host belong to its high-memory worker. */
export const unpolledSteps = async (client: Client, base: string, queues: readonly string[]): Promise<UnpolledQueue | null> => {
  const { control, waiting } = queuesOf(base);
  for (const queue of new Set(queues)) {
    if (await isPolled(client, queue, 'activities')) continue;
    return { role: queue === control || queue === waiting ? 'control' : 'highmem', queue };
  }
  return null;
};

const ROLE: Record<MissingWorker, string> = { control: 'control', highmem: 'high-memory' };

/** `No control worker polls queue swp.` */
export const unpolledText = ({ role, queue }: UnpolledQueue): string => `No ${ROLE[role]} worker polls queue ${queue}.`;

/** Returns the hint to start the missing worker; with an entry and a missing host, also the command to move away from it. */
export const startWorkerHint = ({ role, queue }: UnpolledQueue, entry?: string): string => {
  const host = hostOfQueue(queue);
  if (host !== null) {
    const move = entry === undefined ? '' : `; if that host never comes back: \`swp move ${entry}\``;
    return `Start the worker of host ${host} again, with the same scratch${move}.`;
  }
  const base = role === 'control' ? queue.replace(/-waiting$/, '') : queue.replace(/-highmem(?:-light|\/.*)?$/, '');
  return `Start one with \`swp worker ${role}\`${base === 'swp' ? '' : ` and SWP_TASK_QUEUE=${base}`}.`;
};

/** @param what the sentence that says what cannot continue */
export const noWorker = (what: string, missing: UnpolledQueue | null, entry?: string): SwpError =>
  new SwpError('unavailable', 'publish/no-worker', missing === null ? what : `${what} ${unpolledText(missing)}`, {
    hint:
      missing === null
        ? 'A worker polls its queue, but may be busy or have just ended: look at its log, then run the command again.'
        : `${startWorkerHint(missing, entry)} Nothing is lost in the meantime.`,
  });
