import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { startLocalHub } from '../../../dev/hub/index.js';
import { machineWithClock } from '../../support/machine.js';
import { call, jsonOf, makeBytes, makeDirectory, putParts, READER, requestUpload, sha256, startHub, WRITER } from './hub-fixture.js';

const REPO = 'Skulk/tiny';

describe('every answer', () => {
  it('has a request id and the state of the rate limit', async () => {
    const hub = await startHub({ rateLimit: { api: 10, resolvers: 20, windowSeconds: 300 } });
    const api = await call(hub, '/api/whoami-v2', { token: WRITER });
    const resolver = await call(hub, '/a/b/resolve/main/c');
    expect(api.headers.get('ratelimit')).toMatch(/^"api";r=9;t=\d+$/);
    expect(api.headers.get('ratelimit-policy')).toBe('"fixed window";"api";q=10;w=300');
    expect(resolver.headers.get('ratelimit-policy')).toBe('"fixed window";"resolvers";q=20;w=300');
    expect(api.headers.get('x-request-id')).not.toBe(resolver.headers.get('x-request-id'));
    expect((await call(hub, '/nowhere')).headers.get('x-request-id')).not.toBeNull();
  });

  it('is 429 above the quota, per token, until the window ends', async () => {
    let at = 0;
    const hub = await startHub({ rateLimit: { api: 2 }, machine: machineWithClock({ now: () => at }) });
    const statusFor = async (token = WRITER): Promise<number> => (await call(hub, '/api/whoami-v2', { token })).status;
    expect([await statusFor(), await statusFor(), await statusFor(), await statusFor(READER)]).toEqual([200, 200, 429, 200]);
    at = 299_000;
    expect((await call(hub, '/api/whoami-v2', { token: WRITER })).headers.get('ratelimit')).toBe('"api";r=0;t=1');
    at = 300_000;
    expect(await statusFor()).toBe(200);
  });

  it('is 404 for an unknown URL and 400 for a malformed one', async () => {
    const hub = await startHub();
    expect((await call(hub, '/api/nothing')).status).toBe(404);
    expect((await call(hub, '/%zz/b/resolve/main/c')).status).toBe(400);
    expect((await call(hub, '/__dev__/requests')).status).toBe(404);
  });
});

describe('a start', () => {
  it('fails when its port is taken', async () => {
    const hub = await startHub();
    const port = Number(new URL(hub.url).port);
    await expect(startLocalHub({ directory: await makeDirectory(), port })).rejects.toMatchObject({ code: 'dev/hub-port' });
  });
});

describe('the directory of a hub', () => {
  it('keeps repositories, objects, unfinished uploads and signed URLs over a restart', async () => {
    const directory = await makeDirectory();
    const tokens = [WRITER];
    const settings = { directory, tokens, multipartThreshold: 1000, chunkSize: 1000 };
    const bytes = makeBytes(2500, 3);
    const before = await startLocalHub(settings);
    await before.admin.createRepo(REPO, { private: true });
    const head = await before.admin.commitFiles(REPO, new Map([['m.safetensors', makeBytes(500, 1)]]), { message: 'weights' });
    const action = (await requestUpload(before, REPO, bytes))!;
    const parts = await putParts(before, { ...action, header: { chunk_size: '1000', '00001': action.header!['00001']! } }, bytes);
    await before.close();

    const after = await startHub({ ...settings, port: Number(new URL(before.url).port) });
    expect(after.url).toBe(before.url);
    expect(await after.admin.head(REPO)).toBe(head);
    expect(await after.admin.readFile(REPO, head, 'm.safetensors')).toEqual(makeBytes(500, 1));
    const { '00001': _, ...rest } = action.header!;
    parts.push(...(await putParts(after, { ...action, header: rest }, bytes)));
    expect((await call(after, action.href, { json: { oid: sha256(bytes), parts } })).status).toBe(200);
    expect(await requestUpload(after, REPO, bytes)).toBeUndefined();
  });

  it('has no temporary files after a commit', async () => {
    const directory = await makeDirectory();
    const hub = await startHub({ directory });
    expect(await hub.admin.exists(REPO)).toBe(false);
    await hub.admin.createRepo(REPO);
    expect(await hub.admin.exists('skulk/TINY')).toBe(true);
    await hub.admin.commitFiles(
      REPO,
      new Map([
        ['m.safetensors', makeBytes(500, 1)],
        ['a', makeBytes(5, 1)],
      ]),
      { message: 'weights' },
    );
    expect(await readdir(join(directory, 'tmp'))).toEqual([]);
  });
});

describe('a big upload', () => {
  it('streams to disk with little memory', async () => {
    const hub = await startHub();
    await hub.admin.createRepo(REPO);
    const size = 256 << 20;
    const before = process.memoryUsage().rss;
    let highest = 0;
    const chunk = makeBytes(1 << 20, 1);
    const stream = async function* (): AsyncGenerator<Uint8Array> {
      for (let sent = 0; sent < size; sent += chunk.length) {
        highest = Math.max(highest, process.memoryUsage().rss);
        yield chunk;
      }
    };
    await hub.admin.commitFiles(REPO, new Map([['big.bin', stream()]]), { message: 'big' });
    expect((await hub.admin.listCommits(REPO))[0]!.files.get('big.bin')!.size).toBe(size);
    expect(highest - before).toBeLessThan(128 << 20);
  });
});

describe('collections', () => {
  it('are created once, filled once, and listed by owner and item', async () => {
    const hub = await startHub();
    await hub.admin.createRepo(REPO);
    const create = (title: string, token = WRITER) =>
      call(hub, '/api/collections', { token, json: { title, namespace: 'Skulk', description: 'd', private: false } });
    const { slug } = await jsonOf(await create('My Weights'), z.object({ slug: z.string() }));
    expect(slug).toMatch(/^Skulk\/my-weights-[0-9a-f]{24}$/);
    const again = await create('My Weights');
    expect([again.status, await again.json()]).toEqual([409, { error: expect.any(String), slug }]);
    expect((await create('Other', READER)).status).toBe(403);

    const add = (id: string) =>
      call(hub, `/api/collections/${slug}/items`, { token: WRITER, json: { item: { type: 'model', id }, note: 'n' } });
    expect([(await add('skulk/TINY')).status, (await add(REPO)).status, (await add('Skulk/none')).status]).toEqual([200, 409, 404]);
    const list = async (query: string): Promise<unknown> => (await call(hub, `/api/collections?${query}`)).json();
    expect(await list(`owner=Skulk&item=models/${REPO}`)).toMatchObject([
      { slug, items: [{ id: REPO, type: 'model', position: 0, note: { text: 'n' } }] },
    ]);
    expect(await list('owner=Nobody')).toEqual([]);

    const { items } = await jsonOf(
      await call(hub, `/api/collections/${slug}`),
      z.object({ items: z.array(z.object({ _id: z.string() })) }),
    );
    expect((await call(hub, `/api/collections/${slug}/items/${items[0]!['_id']}`, { method: 'DELETE', token: WRITER })).status).toBe(200);
    expect(await list(`item=${REPO}`)).toEqual([]);
    expect((await call(hub, '/api/collections/Skulk/..%2f..%2fsecret')).status).toBe(404);
  });
});
