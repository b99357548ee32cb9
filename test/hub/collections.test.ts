import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CollectionSlug, RepoId } from '../../core/ids.js';
import { addToCollection, createCollection, findCollection, holdsModel, readCollection } from '../../hub/collections.js';
import { config, openHub, REPO, signal, tiny, type TestHub } from './support.js';

const SLUG = CollectionSlug.parse(`acme/weights-${'a'.repeat(24)}`);
const wanted = (title: string, isPrivate = false) => ({ owner: 'acme', title, private: isPrivate });

describe('collections of the local hub', () => {
  let test: TestHub;
  beforeEach(async () => {
    test = await openHub();
  });
  afterEach(() => test.close());

  const find = (title: string) => findCollection(test.client, 'acme', title, { signal });

  it('are created once, and found by their exact title', async () => {
    const slug = await createCollection(test.client, wanted('Our weights'), { signal });
    expect(await find('Our weights')).toBe(slug);
    expect(await find('our weights')).toBeNull();
    expect(await readCollection(test.client, slug, { signal })).toEqual({ slug, title: 'Our weights', models: [] });
  });

  it('are taken as they are when that title is there already', async () => {
    const slug = await createCollection(test.client, wanted('Our weights'), { signal });
    expect(await createCollection(test.client, wanted('Our weights'), { signal })).toBe(slug);
  });

  it('are created once though the first answer was lost', async () => {
    let lost = false;
    test.hub.on(({ operation }) => {
      if (lost || operation !== 'create-collection') return undefined;
      lost = true;
      return { kind: 'apply-then-reset' };
    });
    expect(await createCollection(test.client, wanted('Our weights'), { signal })).toBe(await find('Our weights'));
  });

  it('are private on request, and then shown to nobody else', async () => {
    const hidden = await createCollection(test.client, wanted('Hidden', true), { signal });
    const open = await createCollection(test.client, wanted('Open'), { signal });
    const { token: _token, ...stranger } = test.client;
    expect(await readCollection(stranger, hidden, { signal })).toBeNull();
    expect(await readCollection(stranger, open, { signal })).toMatchObject({ slug: open });
  });

  it('receive a model once, whoever asks and however it is spelt', async () => {
    await test.hub.admin.createRepo(REPO);
    const slug = await createCollection(test.client, wanted('Our weights'), { signal });
    expect(await addToCollection(test.client, slug, REPO, { signal })).toBe('filed');
    expect(await addToCollection(test.client, slug, REPO, { signal })).toBe('already');
    const collection = await readCollection(test.client, slug, { signal });
    expect(collection?.models).toEqual([REPO]);
    expect(holdsModel(collection!, RepoId.parse(REPO.toUpperCase()))).toBe(true);
  });

  it('of which the Hub shows none are null', async () => {
    expect(await readCollection(test.client, SLUG, { signal })).toBeNull();
  });
});

it('finds a title on a later page', async () => {
  const test = await openHub({ pageSize: 2 });
  try {
    const slugs: string[] = [];
    for (const title of ['One', 'Two', 'Three', 'Four', 'Five']) slugs.push(await createCollection(test.client, wanted(title), { signal }));
    for (const [at, title] of ['One', 'Two', 'Three', 'Four', 'Five'].entries())
      expect(await findCollection(test.client, 'acme', title, { signal })).toBe(slugs[at]);
    expect(test.hub.requests.filter(({ operation }) => operation === 'list-collections').length).toBeGreaterThan(5);
  } finally {
    await test.close();
  }
});

describe('a hostile server', () => {
  const answering = async <T>(status: number, body: unknown, run: (client: ReturnType<typeof config>) => Promise<T>): Promise<T> => {
    const server = await tiny((_request, response) => response.writeHead(status).end(JSON.stringify(body)));
    try {
      return await run(config(server.url));
    } finally {
      await server.close();
    }
  };

  it.each([
    ['a conflict without a slug', 409, { error: 'There is one' }],
    ['a slug that climbs', 200, { slug: '../../whoami-v2' }],
    ['a collection of somebody else', 200, { slug: `evil/weights-${'a'.repeat(24)}` }],
  ])('that answers %s to a creation gets a clear error', async (_, status, body) => {
    await expect(answering(status, body, (client) => createCollection(client, wanted('X'), { signal }))).rejects.toMatchObject({
      code: 'hub/bad-answer',
    });
  });

  it('that lists what was not asked for finds nothing', async () => {
    const body = [{ slug: `evil/weights-${'a'.repeat(24)}`, title: 'Weights', items: [] }];
    expect(await answering(200, body, (client) => findCollection(client, 'acme', 'Weights', { signal }))).toBeNull();
  });

  it('that knows items of other kinds is read past them', async () => {
    const items = [{ type: 'paper' }, { type: 'dataset', id: REPO }, { type: 'model', id: 'acme/other' }];
    const body = { slug: SLUG, title: 'A\n\u001b[2Jtitle', items };
    const found = await answering(200, body, (client) => readCollection(client, SLUG, { signal }));
    expect(found).toEqual({ slug: SLUG, title: 'A [2Jtitle', models: ['acme/other'] });
    expect(holdsModel(found!, REPO)).toBe(false);
  });

  it('that answers another collection than was asked for gets a clear error', async () => {
    const body = { slug: `acme/weights-${'b'.repeat(24)}`, title: 'A', items: [] };
    const read = answering(200, body, (client) => readCollection(client, SLUG, { signal }));
    await expect(read).rejects.toMatchObject({ code: 'hub/bad-answer' });
  });

  it('that knows a collection by a newer name is believed', async () => {
    const slug = `acme/renamed-${'a'.repeat(24)}`;
    const read = answering(200, { slug, title: 'A', items: [] }, (client) => readCollection(client, SLUG, { signal }));
    expect(await read).toMatchObject({ slug });
  });

  it('that answers no items at all gets a clear error', async () => {
    const read = answering(200, { slug: SLUG, title: 'A' }, (client) => readCollection(client, SLUG, { signal }));
    await expect(read).rejects.toMatchObject({ code: 'hub/bad-answer', message: expect.stringContaining('items') });
  });
});
