import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { LocalHub } from '../../../dev/hub/index.js';
import { machineWithClock } from '../../support/machine.js';
import { call, makeBytes, putParts, requestUpload, sha256, startHub, WRITER } from './hub-fixture.js';

const REPO = 'Skulk/tiny';
const BYTES = makeBytes(2500, 3);

const withRepo = async (options: Parameters<typeof startHub>[0] = {}): Promise<LocalHub> => {
  const hub = await startHub({ multipartThreshold: 1000, chunkSize: 1000, ...options });
  await hub.admin.createRepo(REPO);
  return hub;
};

const verify = async (hub: LocalHub, bytes = BYTES, size = bytes.length): Promise<number> =>
  (await call(hub, `/${REPO}.git/info/lfs/objects/verify`, { token: WRITER, json: { oid: sha256(bytes), size } })).status;

describe('LFS batch', () => {
  it('offers parts above the threshold when the client accepts them, otherwise one PUT', async () => {
    const hub = await withRepo();
    expect(Object.keys((await requestUpload(hub, REPO, BYTES))!.header!)).toEqual(['chunk_size', '00001', '00002', '00003']);
    expect((await requestUpload(hub, REPO, BYTES, ['basic']))!.header).toBeUndefined();
    expect((await requestUpload(hub, REPO, BYTES.subarray(0, 1000)))!.header).toBeUndefined();
  });

  it('has no actions for an object that the repository holds', async () => {
    const hub = await withRepo();
    const action = await requestUpload(hub, REPO, BYTES, ['basic']);
    expect(await verify(hub)).toBe(404);
    expect((await call(hub, action!.href, { method: 'PUT', body: BYTES })).status).toBe(200);
    expect(await requestUpload(hub, REPO, BYTES)).toBeUndefined();
    expect([await verify(hub), await verify(hub, BYTES, 1)]).toEqual([200, 422]);
  });

  it('reports an invalid object separately', async () => {
    const hub = await withRepo();
    const objects = [
      { oid: 'nonsense', size: 1 },
      { oid: sha256(BYTES), size: 2500 },
    ];
    const response = await call(hub, `/${REPO}.git/info/lfs/objects/batch`, {
      token: WRITER,
      json: { operation: 'upload', transfers: ['basic'], objects },
    });
    expect(response.headers.get('content-type')).toBe('application/vnd.git-lfs+json');
    expect(await response.json()).toMatchObject({
      transfer: 'basic',
      objects: [{ error: { code: 422 } }, { authenticated: true, actions: { upload: { expires_in: 900 }, verify: {} } }],
    });
  });

  it('forgets the objects of a deleted repository', async () => {
    const hub = await withRepo();
    await hub.admin.commitFiles(REPO, new Map([['m.safetensors', BYTES]]), { message: 'weights' });
    await hub.admin.deleteRepo(REPO);
    await hub.admin.createRepo(REPO);
    expect(await requestUpload(hub, REPO, BYTES)).toBeDefined();
  });
});

describe('a basic PUT', () => {
  it('stores only the bytes that were announced', async () => {
    const hub = await withRepo();
    const action = await requestUpload(hub, REPO, BYTES, ['basic']);
    const wrong = await call(hub, action!.href, { method: 'PUT', body: makeBytes(2500, 4) });
    expect([wrong.status, (await wrong.text()).includes('BadDigest')]).toEqual([400, true]);
    expect((await call(hub, action!.href, { method: 'PUT', body: BYTES.subarray(1) })).status).toBe(400);
    expect(await verify(hub)).toBe(404);
  });

  it('refuses a chunked body with 501', async () => {
    const hub = await withRepo();
    const action = await requestUpload(hub, REPO, BYTES, ['basic']);
    const status = await new Promise((resolve, reject) => {
      const outgoing = request(action!.href, { method: 'PUT', headers: { 'Transfer-Encoding': 'chunked' } }, (response) =>
        resolve(response.resume().statusCode),
      );
      outgoing.on('error', reject).end(BYTES);
    });
    expect(status).toBe(501);
  });

  it('stores nothing of a truncated body', async () => {
    const hub = await withRepo();
    const action = await requestUpload(hub, REPO, BYTES, ['basic']);
    await new Promise<void>((resolve) => {
      const outgoing = request(action!.href, { method: 'PUT', headers: { 'Content-Length': 2500 } });
      outgoing.on('error', () => resolve());
      outgoing.write(BYTES.subarray(0, 2000), () => outgoing.destroy(new Error('cut')));
    });
    expect(await verify(hub)).toBe(404);
  });
});

describe('a multipart upload', () => {
  it('becomes one object when all parts are uploaded', async () => {
    const hub = await withRepo();
    const action = await requestUpload(hub, REPO, BYTES);
    const parts = await putParts(hub, action!, BYTES);
    expect((await call(hub, action!.href, { json: { oid: sha256(BYTES), parts } })).status).toBe(200);
    expect(await verify(hub)).toBe(200);
    expect((await call(hub, action!.href, { json: { oid: sha256(BYTES), parts } })).status).toBe(404);
  });

  it.each([
    ['a missing part', (parts: { partNumber: number; etag: string }[]) => parts.slice(1)],
    ['parts out of order', (parts: { partNumber: number; etag: string }[]) => parts.toReversed()],
    ['a wrong ETag', (parts: { partNumber: number; etag: string }[]) => parts.map((part) => ({ ...part, etag: '"0"' }))],
    [
      'an ETag that is a path',
      (parts: { partNumber: number; etag: string }[]) => parts.map((part) => ({ ...part, etag: '/../upload.json' })),
    ],
  ])('is not completed with %s', async (_, change) => {
    const hub = await withRepo();
    const action = await requestUpload(hub, REPO, BYTES);
    const parts = await putParts(hub, action!, BYTES);
    expect((await call(hub, action!.href, { json: { oid: sha256(BYTES), parts: change(parts) } })).status).toBe(400);
    expect(await verify(hub)).toBe(404);
    expect((await call(hub, action!.href, { json: { oid: sha256(BYTES), parts } })).status).toBe(200);
  });

  it('is not completed with the ETag of a part that was replaced', async () => {
    const hub = await withRepo();
    const action = await requestUpload(hub, REPO, BYTES);
    const old = await putParts(hub, action!, makeBytes(2500, 9));
    const parts = await putParts(hub, action!, BYTES);
    expect((await call(hub, action!.href, { json: { oid: sha256(BYTES), parts: old } })).status).toBe(400);
    expect((await call(hub, action!.href, { json: { oid: sha256(BYTES), parts } })).status).toBe(200);
  });

  it('stores nothing when the bytes have another SHA-256', async () => {
    const hub = await withRepo();
    const action = await requestUpload(hub, REPO, BYTES);
    const parts = await putParts(hub, action!, makeBytes(2500, 9));
    const response = await call(hub, action!.href, { json: { oid: sha256(BYTES), parts } });
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('SHA-256')]);
    expect(await verify(hub)).toBe(404);
    expect(await verify(hub, makeBytes(2500, 9))).toBe(404);
  });

  it('stores nothing when a part is too short', async () => {
    const hub = await withRepo();
    const action = await requestUpload(hub, REPO, BYTES);
    const parts = await putParts(hub, action!, BYTES.subarray(0, 2400));
    expect((await call(hub, action!.href, { json: { oid: sha256(BYTES), parts } })).status).toBe(400);
  });
});

describe('a signed URL', () => {
  it('refuses an Authorization header with 400', async () => {
    const hub = await withRepo();
    const basic = await requestUpload(hub, REPO, BYTES, ['basic']);
    const multipart = await requestUpload(hub, REPO, BYTES);
    const put = { method: 'PUT', token: WRITER, body: BYTES.subarray(0, 1000) };
    const answers = [
      await call(hub, basic!.href, { ...put, body: BYTES }),
      await call(hub, multipart!.header!['00001']!, put),
      await call(hub, multipart!.href, { token: WRITER, json: { oid: sha256(BYTES), parts: [] } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400]);
    expect(await answers[0]!.text()).toContain('Only one auth mechanism allowed');
  });

  it('is refused when anything in it was changed', async () => {
    const hub = await withRepo();
    const action = await requestUpload(hub, REPO, BYTES, ['basic']);
    for (const [name, value] of [
      ['repo', 'Other/repo'],
      ['size', '1'],
      ['X-Amz-Expires', '999999'],
      ['X-Amz-Signature', 'ab'],
    ]) {
      const forged = new URL(action!.href);
      forged.searchParams.set(name!, value!);
      expect((await call(hub, forged.href, { method: 'PUT', body: BYTES })).status).toBe(403);
    }
    expect((await call(hub, action!.href.replace(sha256(BYTES), '0'.repeat(64)), { method: 'PUT', body: BYTES })).status).toBe(403);
  });

  it('expires', async () => {
    let at = Date.UTC(2026, 0, 1);
    const hub = await withRepo({ machine: machineWithClock({ now: () => at }) });
    const basic = await requestUpload(hub, REPO, BYTES, ['basic']);
    const multipart = await requestUpload(hub, REPO, BYTES);
    at += 900_000;
    const late = await call(hub, basic!.href, { method: 'PUT', body: BYTES });
    expect([late.status, (await late.text()).includes('Request has expired')]).toEqual([403, true]);
    expect((await call(hub, multipart!.header!['00001']!, { method: 'PUT', body: BYTES.subarray(0, 1000) })).status).toBe(200);
    at += 86_400_000;
    expect((await call(hub, multipart!.header!['00002']!, { method: 'PUT', body: BYTES.subarray(1000, 2000) })).status).toBe(403);
  });
});
