import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CollectionSlug, RepoId } from '../../core/ids.js';
import { addToCollection, createCollection, findCollection, holdsModel, readCollection } from '../../hub/collections.js';
import { config, startTestHub, REPO, signal, tiny, type TestHub } from './support.js';

const SLUG = CollectionSlug.parse(`acme/weights-${'a'.repeat(24)}`);
const wanted = (title: string, isPrivate = false) => ({ owner: 'acme', title, private: isPrivate });

describe('collections of the local hub', () => {
  let test: TestHub;
  beforeEach(async () => {
    test = await startTestHub();
  });
  afterEach(() => test.close());

  const find = (title: string) => findCollection(test.client, 'acme', title, { signal });

  it('are created once, and found by their exact title', async () => {
    const slug = await createCollection(test.client, wanted('Our weights'), { signal });
    expect(await find('Our weights')).toBe(slug);
    expect(await find('our weights')).toBeNull();
    expect(await readCollection(test.client, slug, { signal })).toEqual({ slug, title: 'Our weights', models: [] });
  });

  it('are reused when the title already exists', async () => {
    const slug = await createCollection(test.client, wanted('Our weights'), { signal });
    expect(await createCollection(test.client, wanted('Our weights'), { signal })).toBe(slug);
  });

  it('are created once when the first response is lost', async () => {
    let lost = false;
    test.hub.on(({ operation }) => {
      if (lost || operation !== 'create-collection') return undefined;
      lost = true;
      return { kind: 'apply-then-reset' };
    });
    expect(await createCollection(test.client, wanted('Our weights'), { signal })).toBe(await find('Our weights'));
  });

  it('are private on request, and then hidden from others', async () => {
    const hidden = await createCollection(test.client, wanted('Hidden', true), { signal });
    const open = await createCollection(test.client, wanted('Open'), { signal });
    const { token: _token, ...anonymous } = test.client;
    expect(await readCollection(anonymous, hidden, { signal })).toBeNull();
    expect(await readCollection(anonymous, open, { signal })).toMatchObject({ slug: open });
  });

  it('contain a model once, in any spelling', async () => {
    await test.hub.admin.createRepo(REPO);
    const slug = await createCollection(test.client, wanted('Our weights'), { signal });
    expect(await addToCollection(test.client, slug, REPO, { signal })).toBe('added');
    expect(await addToCollection(test.client, slug, REPO, { signal })).toBe('unchanged');
    const collection = await readCollection(test.client, slug, { signal });
    expect(collection?.models).toEqual([REPO]);
    expect(holdsModel(collection!, RepoId.parse(REPO.toUpperCase()))).toBe(true);
  });

  it('are null when the Hub does not show them', async () => {
    expect(await readCollection(test.client, SLUG, { signal })).toBeNull();
  });
});

it('finds a title on a later page', async () => {
  const test = await startTestHub({ pageSize: 2 });
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

describe('an unusual response', () => {
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
    ['a slug with ..', 200, { slug: '../../whoami-v2' }],
    ['a collection of another owner', 200, { slug: `evil/weights-${'a'.repeat(24)}` }],
  ])('is an error when a creation returns %s', async (_, status, body) => {
    await expect(answering(status, body, (client) => createCollection(client, wanted('X'), { signal }))).rejects.toMatchObject({
      code: 'hub/bad-answer',
    });
  });

  it('is ignored when it lists a collection of another owner', async () => {
    const body = [{ slug: `evil/weights-${'a'.repeat(24)}`, title: 'Weights', items: [] }];
    expect(await answering(200, body, (client) => findCollection(client, 'acme', 'Weights', { signal }))).toBeNull();
  });

  it('may contain items of other kinds, which are skipped', async () => {
    const items = [{ type: 'paper' }, { type: 'dataset', id: REPO }, { type: 'model', id: 'acme/other' }];
    const body = { slug: SLUG, title: 'A\n\u001b[2Jtitle', items };
    const found = await answering(200, body, (client) => readCollection(client, SLUG, { signal }));
    expect(found).toEqual({ slug: SLUG, title: 'A [2Jtitle', models: ['acme/other'] });
    expect(holdsModel(found!, REPO)).toBe(false);
  });

  it('is an error when it is another collection', async () => {
    const body = { slug: `acme/weights-${'b'.repeat(24)}`, title: 'A', items: [] };
    const read = answering(200, body, (client) => readCollection(client, SLUG, { signal }));
    await expect(read).rejects.toMatchObject({ code: 'hub/bad-answer' });
  });

  it('may contain a collection with a newer name', async () => {
    const slug = `acme/renamed-${'a'.repeat(24)}`;
    const read = answering(200, { slug, title: 'A', items: [] }, (client) => readCollection(client, SLUG, { signal }));
    expect(await read).toMatchObject({ slug });
  });

  it('is an error without items', async () => {
    const read = answering(200, { slug: SLUG, title: 'A' }, (client) => readCollection(client, SLUG, { signal }));
    await expect(read).rejects.toMatchObject({ code: 'hub/bad-answer', message: expect.stringContaining('items') });
  });
});
