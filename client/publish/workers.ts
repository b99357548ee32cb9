import type { Client } from '@temporalio/client';
import { SwpError } from '../../core/error.js';
import { hostOfQueue, queuesOf } from '../../contract/names.js';

/** What a queue hands out, by number in Temporal's protocol (`TaskQueueType`). */
const HANDS_OUT = { workflows: 1, activities: 2 } as const;
const ASK_MS = 3_000;
/** A worker that starts together with a command has polled by then. */
export const GRACE_MS = 5_000;

/** Who has polled a queue in the server's last minutes, and when; null where it does not say. */
const pollersOf = async (client: Client, name: string, what: keyof typeof HANDS_OUT): Promise<readonly Poller[] | null> => {
  const request = { namespace: client.options.namespace, taskQueue: { name }, taskQueueType: HANDS_OUT[what] };
  try {
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum is in a package of the SDK's own
    const { pollers } = await client.connection.withDeadline(Date.now() + ASK_MS, () => client.workflowService.describeTaskQueue(request));
    return pollers.map(({ identity, lastAccessTime }) => ({
      identity: identity ?? '',
      ageMs: lastAccessTime == null ? 0 : Date.now() - Number(lastAccessTime.seconds) * 1000,
    }));
  } catch {
    return null;
  }
};

/**
 * Whether anybody has polled a queue in the server's last minutes: it forgets a worker some five minutes after its last
 * poll. Where it does not say, somebody may: what then waits has a deadline of its own.
 */
const isPolled = async (client: Client, name: string, what: keyof typeof HANDS_OUT): Promise<boolean> =>
  (await pollersOf(client, name, what))?.length !== 0;

/** Workers that polled a queue of steps a moment ago; null where the server does not say. */
export const recentWorkers = async (client: Client, queue: string): Promise<ReadonlySet<string> | null> => {
  const pollers = await pollersOf(client, queue, 'activities');
  return pollers === null ? null : new Set(pollers.flatMap(({ identity, ageMs }) => (ageMs < POLL_MS ? [identity] : [])));
};

/** A worker with room polls again at the latest when the server has answered its last poll, after a minute. */
const POLL_MS = 90_000;

interface Poller {
  readonly identity: string;
  readonly ageMs: number;
}

export type MissingWorker = 'control' | 'highmem';

/** A queue that nobody polls, and the worker that would. */
export interface Unpolled {
  readonly role: MissingWorker;
  readonly queue: string;
}

/** The queue of workflows where no control worker polls it; null where one does. */
export const unpolledControl = async (client: Client, taskQueue: string): Promise<Unpolled | null> =>
  (await isPolled(client, taskQueue, 'workflows')) ? null : { role: 'control', queue: taskQueue };

/** The first of the queues of steps that nobody polls; those of a host are its high-memory worker's. */
export const unpolledSteps = async (client: Client, base: string, queues: readonly string[]): Promise<Unpolled | null> => {
  const { control, waiting } = queuesOf(base);
  for (const queue of new Set(queues)) {
    if (await isPolled(client, queue, 'activities')) continue;
    return { role: queue === control || queue === waiting ? 'control' : 'highmem', queue };
  }
  return null;
};

const ROLE: Record<MissingWorker, string> = { control: 'control', highmem: 'high-memory' };

/** `No control worker polls queue swp.` */
export const unpolledText = ({ role, queue }: Unpolled): string => `No ${ROLE[role]} worker polls queue ${queue}.`;

/** How to start the worker that is missing; of an entry whose host is missing, also what to do without it. */
export const startWorkerHint = ({ role, queue }: Unpolled, entry?: string): string => {
  const host = hostOfQueue(queue);
  if (host !== null) {
    const move = entry === undefined ? '' : `; if that host never comes back: \`swp move ${entry}\``;
    return `Start the worker of host ${host} again, on its scratch${move}.`;
  }
  const base = role === 'control' ? queue.replace(/-waiting$/, '') : queue.replace(/-highmem(?:-light|\/.*)?$/, '');
  return `Start one with \`swp worker ${role}\`${base === 'swp' ? '' : ` and SWP_TASK_QUEUE=${base}`}.`;
};

/** @param what the sentence about what does not go on */
export const noWorker = (what: string, missing: Unpolled | null, entry?: string): SwpError =>
  new SwpError('unavailable', 'publish/no-worker', missing === null ? what : `${what} ${unpolledText(missing)}`, {
    hint:
      missing === null
        ? 'A worker polls its queue, but may be busy or have just ended: look at its log, then say it again.'
        : `${startWorkerHint(missing, entry)} Nothing is lost meanwhile.`,
  });
