import { z } from 'zod';
import { listToFirstFault } from '../core/faults.js';
import { SwpError } from '../core/error.js';
import { CollectionSlug, ownerOf, sameRepo, type RepoId } from '../core/ids.js';
import { sanitizeLine } from '../core/text.js';
import { attempt, callJson, hubUrl, jsonBody, parseAnswer, type CallOptions } from './call.js';
import type { Hub } from './hub.js';
import { drain } from './read-body.js';
import { readPages } from './read/paging.js';
import { repoPath } from './repo-path.js';
import { retrying } from './retry.js';

const LIMITS = { pages: 100, items: 10_000 };

export interface Collection {
  readonly slug: CollectionSlug;
  readonly title: string;
  /** The model repositories in it, as the Hub spells them. */
  readonly models: readonly string[];
}

const Named = z.object({ slug: CollectionSlug });
const Title = z.string().transform((title) => sanitizeLine(title, 200));
const Listed = Named.extend({ title: Title });
/** Papers and collections are items too, which may lack an id of the form that repositories have. */
const Item = z.object({ type: z.string(), id: z.string().catch('') });
const Whole = Listed.extend({ items: listToFirstFault(Item) });

/** Returns the part of a slug that stays the same when a collection is renamed or moved. */
const idOf = (slug: CollectionSlug): string => slug.slice(-24);

const collectionUrl = (hub: Hub, slug: CollectionSlug, rest = ''): URL => hubUrl(hub, `/api/collections/${repoPath(slug)}${rest}`);

/** Reads a collection with all its items; returns null if the Hub does not show it, as for a private collection. */
export const readCollection = async (hub: Hub, slug: CollectionSlug, { signal }: CallOptions): Promise<Collection | null> => {
  try {
    const { value } = await callJson(hub, { method: 'GET', url: collectionUrl(hub, slug), signal }, Whole);
    if (idOf(value.slug) !== idOf(slug))
      throw new SwpError('integrity', 'hub/bad-answer', `SWP requested collection ${slug}, but the Hub returned ${value.slug}.`);
    const models = value.items.filter(({ type }) => type === 'model').map(({ id }) => id);
    return { slug: value.slug, title: value.title, models };
  } catch (error) {
    if (error instanceof SwpError && error.kind === 'not-found') return null;
    throw error;
  }
};

export const holdsModel = (collection: Collection, repo: RepoId): boolean => collection.models.some((model) => sameRepo(model, repo));

/**
 * Finds a collection by its exact title in a namespace. Lists show at most four items: use the slug to read the
 * collection.
 */
export const findCollection = async (hub: Hub, owner: string, title: string, options: CallOptions): Promise<CollectionSlug | null> => {
  const isWanted = (listed: z.infer<typeof Listed>): boolean =>
    listed.title === sanitizeLine(title, 200) && sameRepo(ownerOf(listed.slug), owner);
  const start = hubUrl(hub, `/api/collections?${new URLSearchParams({ owner, limit: '100' }).toString()}`);
  const listed = await readPages(hub, start, Listed, LIMITS, options, (items) => items.some(isWanted));
  return listed.find(isWanted)?.slug ?? null;
};

/** Creates a collection, or returns the existing one with that title, no matter which account created it. */
export const createCollection = async (
  hub: Hub,
  wanted: { readonly owner: string; readonly title: string; readonly private: boolean },
  { signal }: CallOptions,
): Promise<CollectionSlug> => {
  const request = {
    method: 'POST',
    url: hubUrl(hub, '/api/collections'),
    signal,
    ...jsonBody({ title: wanted.title, namespace: wanted.owner, private: wanted.private }),
  } as const;
  const { slug } = await retrying(hub, signal, async () =>
    parseAnswer(hub, request, await attempt(hub, request, isSuccessOrConflict), Named),
  );
  if (!sameRepo(ownerOf(slug), wanted.owner))
    throw new SwpError('integrity', 'hub/bad-answer', `SWP requested a collection of ${wanted.owner}, but the Hub returned ${slug}.`);
  return slug;
};

/** Adds a model to a collection; returns `unchanged` if the collection already contains it. */
export const addToCollection = async (
  hub: Hub,
  slug: CollectionSlug,
  repo: RepoId,
  { signal }: CallOptions,
): Promise<'added' | 'unchanged'> => {
  const request = {
    method: 'POST',
    url: collectionUrl(hub, slug, '/items'),
    signal,
    ...jsonBody({ item: { type: 'model', id: repo } }),
  } as const;
  return retrying(hub, signal, async () => {
    const answer = await attempt(hub, request, isSuccessOrConflict);
    drain(answer.body);
    return answer.status === CONFLICT ? 'unchanged' : 'added';
  });
};

const CONFLICT = 409;
const isSuccessOrConflict = (status: number): boolean => (status >= 200 && status < 300) || status === CONFLICT;
