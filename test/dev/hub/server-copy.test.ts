import { describe, expect, it } from 'vitest';
import type { LocalHub, TokenSpec } from '../../../dev/hub/index.js';
import { ADMITTED, call, commitLines, makeBytes, READER, sha256, startHub, STRANGER, WRITER } from './hub-fixture.js';

const SOURCE = 'Labs/base';
const TARGET = 'Skulk/copy';
const BYTES = makeBytes(2500, 3);
const OID = sha256(BYTES);
const XET = sha256(Buffer.from(`xet:${OID}`));

const withRepos = async (options: Parameters<typeof startHub>[0] = {}): Promise<LocalHub> => {
  const hub = await startHub({ serverCopy: true, ...options });
  await hub.admin.createRepo(SOURCE);
  await hub.admin.commitFiles(SOURCE, new Map([['m.safetensors', BYTES]]), { message: 'weights' });
  await hub.admin.createRepo(TARGET);
  return hub;
};

const file = (over: object = {}) => ({ xetHash: XET, sha256: OID, filename: 'm.safetensors', ...over });

const duplicate = (hub: LocalHub, files: unknown[], token: TokenSpec = WRITER, target = TARGET): Promise<Response> =>
  call(hub, `/api/models/${SOURCE}/lfs-files/duplicate`, { token, json: { target: { type: 'model', name: target }, files } });

const commitCopy = async (hub: LocalHub): Promise<number> =>
  (
    await commitLines(hub, TARGET, [
      ['header', { summary: 'copy' }],
      ['lfsFile', { path: 'copy.safetensors', algo: 'sha256', oid: OID }],
    ])
  ).status;

describe('a server-side copy', () => {
  it('lets a commit name an object that was never uploaded', async () => {
    const hub = await withRepos();
    expect(await commitCopy(hub)).toBe(400);
    const answer = await duplicate(hub, [file()]);
    expect([answer.status, await answer.json()]).toEqual([200, { success: true, processed: 1, succeeded: 1, failed: [] }]);
    expect(await commitCopy(hub)).toBe(200);
    expect(await hub.admin.readFile(TARGET, 'main', 'copy.safetensors')).toEqual(BYTES);
  });

  it('reports the objects that it could not copy, and copies the others', async () => {
    const hub = await withRepos();
    const absent = sha256(Buffer.from('absent'));
    const answer = await duplicate(hub, [file({ sha256: absent }), file({ xetHash: absent }), file({ sha256: '../x' }), file()]);
    expect(await answer.json()).toEqual({
      success: false,
      processed: 4,
      succeeded: 1,
      failed: [
        { sha256: absent, error: `${SOURCE} has no such object` },
        { sha256: OID, error: 'the xetHash is of other content' },
        { sha256: '../x', error: 'the sha256 must be 64 hexadecimal digits' },
      ],
    });
  });

  it('accepts at most 500 files', async () => {
    const hub = await withRepos();
    expect(
      (
        await duplicate(
          hub,
          Array.from({ length: 500 }, () => file()),
        )
      ).status,
    ).toBe(200);
    expect(
      (
        await duplicate(
          hub,
          Array.from({ length: 501 }, () => file()),
        )
      ).status,
    ).toBe(400);
  });

  it('needs read access to the source and write access to the target', async () => {
    const hub = await withRepos();
    const statusFor = async (token: TokenSpec, target = TARGET): Promise<number> => (await duplicate(hub, [file()], token, target)).status;
    expect([await statusFor(READER), await statusFor(STRANGER), await statusFor(WRITER, 'Skulk/none')]).toEqual([403, 403, 404]);
    await hub.admin.setGated(SOURCE, 'manual');
    expect([await statusFor(WRITER), await statusFor(ADMITTED)]).toEqual([403, 403]);
    await hub.admin.setVisibility(SOURCE, 'private');
    expect(await statusFor(WRITER)).toBe(404);
    expect(await commitCopy(hub)).toBe(400);
  });
});

describe('the Xet hash of an LFS file', () => {
  const seen = async (hub: LocalHub): Promise<unknown[]> => {
    const tree = await (await call(hub, `/api/models/${SOURCE}/tree/main`)).json();
    const info = await (await call(hub, `/api/models/${SOURCE}/paths-info/main`, { json: { paths: ['m.safetensors'] } })).json();
    const resolved = await call(hub, `/${SOURCE}/resolve/main/m.safetensors`);
    const hashes = [tree, info].flatMap((rows) => (rows as { xetHash?: string }[]).map((row) => row.xetHash));
    return [...hashes, resolved.headers.get('x-xet-hash')];
  };

  it('is in tree, paths-info and resolve, and regular files have none', async () => {
    expect(await seen(await withRepos())).toEqual([undefined, XET, XET, XET]);
  });

  it('is absent, and nothing is copied, when the hub has no server-side copies', async () => {
    const hub = await withRepos({ serverCopy: false });
    expect(await seen(hub)).toEqual([undefined, undefined, undefined, null]);
    expect((await duplicate(hub, [file()])).status).toBe(404);
  });
});
