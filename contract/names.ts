import { repoKey } from '../core/ids.js';

/** The task queue of workflows and light activities; the others are named after it. */
export const BASE_QUEUE = 'swp';

export interface Queues {
  readonly control: string;
  /** Has many slots of its own, so that steps which wait for a lock delay no other work. */
  readonly waiting: string;
  readonly claims: string;
  readonly light: string;
}

export const queuesOf = (base: string): Queues => ({
  control: base,
  waiting: `${base}-waiting`,
  claims: `${base}-highmem`,
  light: `${base}-highmem-light`,
});

/** The queue that only this high-memory host polls. */
export const hostQueue = (base: string, hostId: string): string => `${queuesOf(base).claims}/${hostId}`;

/** Returns the host that polls this queue; null for a queue that several workers poll. */
export const hostOfQueue = (queue: string): string | null => /-highmem\/(.+)$/.exec(queue)?.[1] ?? null;

/** The workflow id is the lock: only one publish of an entry runs at a time. */
export const publishId = (entryName: string): string => `publish/${entryName}`;

/** The workflow id is the lock: each target repository has one writer. Names are compared as the Hub compares them. */
export const targetId = (repo: string): string => `target/${repoKey(repo)}`;

/** Workflow id of a campaign. The campaign's own id holds the time of its start. */
export const campaignId = (id: string): string => `campaign/${id}`;

/** The kinds of re-validation runs. */
export const REVALIDATIONS = ['nightly', 'weekly'] as const;
export type Revalidation = (typeof REVALIDATIONS)[number];

/** Id of a schedule, and of the workflows that it starts: Temporal appends the time to theirs. */
export const revalidateId = (which: Revalidation): string => `revalidate/${which}`;

/** Failure type of a claim that a host cannot grant now: the claim is retried, by any host. */
export const HOST_BUSY = 'host-busy';
/** Failure type of a step whose worker stops: the step continues on another worker, or later. */
export const WORKER_STOPPING = 'worker-stopping';
