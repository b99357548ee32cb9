import { repoKey } from '../core/ids.js';

/** The task queue of workflows and light activities; the others are named after it. */
export const BASE_QUEUE = 'swp';

export interface Queues {
  readonly control: string;
  /** Has many slots of its own: who waits for a lock must not hold back anybody's work. */
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

/** The host whose queue this is; null for a queue that several workers poll. */
export const hostOfQueue = (queue: string): string | null => /-highmem\/(.+)$/.exec(queue)?.[1] ?? null;

/** One publish of an entry at a time: the id is the lock. */
export const publishId = (entryName: string): string => `publish/${entryName}`;

/** One writer per target repository, compared as the Hub compares names: the id is the lock. */
export const targetId = (repo: string): string => `target/${repoKey(repo)}`;

/** Where a campaign is; its id says when it was started. */
export const campaignId = (id: string): string => `campaign/${id}`;

/** What re-validation runs do. */
export const REVALIDATIONS = ['nightly', 'weekly'] as const;
export type Revalidation = (typeof REVALIDATIONS)[number];

/** Id of a schedule, and of what it starts, to which Temporal adds the time. */
export const revalidateId = (which: Revalidation): string => `revalidate/${which}`;
