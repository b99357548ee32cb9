import { z } from 'zod';
import { canWrite, ownsNamespace } from '../auth.js';
import { readJson } from '../http/body.js';
import { param, type RequestContext } from '../http/context.js';
import { json, refuse, type Refusal } from '../http/reply.js';
import type { Route } from '../http/router.js';
import type { Collection } from '../store/collections.js';
import { pageLink, pageSize } from './paging.js';

const describe = (collection: Collection, items = collection.items): Record<string, unknown> => ({
  ...collection,
  owner: { name: collection.owner, type: 'user' },
  lastUpdated: new Date(collection.lastUpdated).toISOString(),
  position: 0,
  upvotes: 0,
  theme: 'blue',
  items: items.map(({ itemId, type, id, note }) => ({
    _id: itemId,
    type,
    id,
    position: collection.items.findIndex((other) => other.itemId === itemId),
    ...(note === undefined ? {} : { note: { text: note, html: note } }),
  })),
});

const notFound = (): Refusal => refuse(404, 'Collection not found');

const isVisible = ({ identity }: RequestContext, { private: hidden, owner }: Collection): boolean =>
  !hidden || ownsNamespace(identity, owner);

/** Returns the collection of `:owner/:slug`, if the sender may see it and, for `write`, change it. */
export const openCollection = async (context: RequestContext, use: 'read' | 'write'): Promise<Collection> => {
  const collection = await context.hub.store.collections.find(`${param(context, 'owner')}/${param(context, 'slug')}`);
  if (collection === undefined || !isVisible(context, collection)) throw notFound();
  if (use === 'write' && !canWrite(context.identity, collection.owner))
    throw refuse(context.identity === undefined ? 401 : 403, 'Forbidden');
  return collection;
};

/** Returns the collections that the sender may see, newest first. */
export const visibleCollections = async (context: RequestContext): Promise<Collection[]> =>
  (await context.hub.store.collections.list()).filter((collection) => isVisible(context, collection));

const list: Route = {
  operation: 'list-collections',
  method: 'GET',
  path: '/api/collections',
  guard: 'token',
  handle: async (context) => {
    const owners = context.query.getAll('owner');
    const wanted = context.query.getAll('item').map((item) => item.replace(/^models\//, ''));
    const all = (await visibleCollections(context)).filter(
      (collection) =>
        (owners.length === 0 || owners.includes(collection.owner)) &&
        (wanted.length === 0 || collection.items.some(({ id }) => wanted.includes(id))),
    );
    const start = Math.max(0, Math.trunc(Number(context.query.get('cursor') ?? 0)) || 0);
    const end = start + pageSize(context);
    const page = all.slice(start, end).map((collection) => describe(collection, collection.items.slice(0, 4)));
    return json(200, page, end < all.length ? pageLink(context, { cursor: String(end) }) : {});
  },
};

const CreateBody = z.object({
  title: z.string().min(1).max(60),
  namespace: z.string(),
  description: z.string().max(150).nullish(),
  private: z.boolean().nullish(),
});

const create: Route = {
  operation: 'create-collection',
  method: 'POST',
  path: '/api/collections',
  guard: 'token',
  handle: async ({ hub, body, identity }) => {
    if (identity === undefined) throw refuse(401, 'Invalid username or password.');
    const wanted = await readJson(body, CreateBody);
    if (!canWrite(identity, wanted.namespace))
      throw refuse(403, `You don't have the rights to create a collection under the namespace "${wanted.namespace}"`);
    const { created, collection } = await hub.store.collections.create({
      title: wanted.title,
      owner: wanted.namespace,
      description: wanted.description ?? '',
      private: wanted.private ?? false,
    });
    if (!created) return json(409, { error: 'A collection with this title already exists', slug: collection.slug });
    return json(200, describe(collection));
  },
};

const read: Route = {
  operation: 'read-collection',
  method: 'GET',
  path: '/api/collections/:owner/:slug',
  guard: 'token',
  handle: async (context) => json(200, describe(await openCollection(context, 'read'))),
};

const ItemBody = z.object({
  item: z.object({ type: z.literal('model'), id: z.string() }),
  note: z.string().max(500).nullish(),
});

const addItem: Route = {
  operation: 'add-collection-item',
  method: 'POST',
  path: '/api/collections/:owner/:slug/items',
  guard: 'token',
  handle: async (context) => {
    const collection = await openCollection(context, 'write');
    const { item, note } = await readJson(context.body, ItemBody);
    const repo = await context.hub.store.repos.find(item.id);
    if (repo === undefined) throw refuse(404, 'Repository not found', 'RepoNotFound');
    const added = { itemId: context.hub.machine.random.hex(12), type: 'model', id: repo.id, ...(typeof note === 'string' ? { note } : {}) };
    const updated = await context.hub.store.collections.changeItems(collection.slug, (items) =>
      items.some(({ id }) => id === repo.id) ? undefined : [...items, added],
    );
    if (updated === undefined) throw refuse(409, 'This item is already in the collection');
    return json(200, describe(updated));
  },
};

const deleteItem: Route = {
  operation: 'delete-collection-item',
  method: 'DELETE',
  path: '/api/collections/:owner/:slug/items/:item',
  guard: 'token',
  handle: async (context) => {
    const collection = await openCollection(context, 'write');
    const wanted = param(context, 'item');
    const updated = await context.hub.store.collections.changeItems(collection.slug, (items) => {
      const others = items.filter(({ itemId }) => itemId !== wanted);
      return others.length < items.length ? others : undefined;
    });
    if (updated === undefined) throw notFound();
    return json(200, { success: true });
  },
};

export const collectionRoutes: readonly Route[] = [list, create, read, addItem, deleteItem];
