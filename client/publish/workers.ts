import type { Client } from '@temporalio/client';
import { SwpError } from '../../core/error.js';
import { queuesOf } from '../../workflows/names.js';

/** What a queue hands out, by number in Temporal's protocol (`TaskQueueType`). */
const HANDS_OUT = { workflows: 1, activities: 2 } as const;
const ASK_MS = 3_000;
/** A worker that starts together with a command has polled by then. */
export const GRACE_MS = 5_000;

/**
 * Whether anybody has polled a queue in the server's last minutes: it forgets a worker some five minutes after its last
 * poll. Where it does not say, somebody may: what then waits has a deadline of its own.
 */
const isPolled = async (client: Client, name: string, what: keyof typeof HANDS_OUT): Promise<boolean> => {
  const request = { namespace: client.options.namespace, taskQueue: { name }, taskQueueType: HANDS_OUT[what] };
  try {
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum is in a package of the SDK's own
    const { pollers } = await client.connection.withDeadline(Date.now() + ASK_MS, () => client.workflowService.describeTaskQueue(request));
    return pollers.length > 0;
  } catch {
    return true;
  }
};

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

/** How to start the worker that is missing. */
export const startWorkerHint = ({ role, queue }: Unpolled): string => {
  const base = role === 'control' ? queue.replace(/-waiting$/, '') : queue.replace(/-highmem(?:-light|\/.*)?$/, '');
  return `Start one with \`swp worker ${role}\`${base === 'swp' ? '' : ` and SWP_TASK_QUEUE=${base}`}.`;
};

/** @param what the sentence about what does not go on */
export const noWorker = (what: string, missing: Unpolled | null): SwpError =>
  new SwpError('unavailable', 'publish/no-worker', missing === null ? what : `${what} ${unpolledText(missing)}`, {
    hint:
      missing === null
        ? 'A worker polls its queue, but may be busy or have just ended: look at its log, then say it again.'
        : `${startWorkerHint(missing)} Nothing is lost meanwhile.`,
  });
