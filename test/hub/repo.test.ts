import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { THIS_MACHINE } from '../../core/this-machine.js';
import { hubConfigFromEnv } from '../../hub/hub-config.js';
import { openHub } from '../../hub/hub.js';
import { listCommitsSince, listCommitsUntil, readTrailers } from '../../hub/read/commits.js';
import { readSmallFile } from '../../hub/read/read-small-file.js';
import { readRepo } from '../../hub/read/repo.js';
import { COMMIT, config, startTestHub, REPO, signal, tiny, TOKEN, type TestHub, type TinyServer } from './support.js';

let server: TinyServer | undefined;
let test: TestHub | undefined;
afterEach(async () => {
  await server?.close();
  await test?.close();
  server = undefined;
  test = undefined;
});

const OID = 'c'.repeat(40);
/** A hub with these responses to info and tree requests. */
const answering = async (info: unknown, pages: readonly (readonly unknown[])[] = [[]], link?: (page: number, url: string) => string) => {
  let page = -1;
  server = await tiny((request, answer) => {
    answer.setHeader('content-type', 'application/json');
    if (!request.url!.includes('/tree/')) return void answer.end(JSON.stringify(info));
    page += 1;
    if (link !== undefined) answer.setHeader('link', link(page, request.url!));
    answer.end(JSON.stringify(pages[Math.min(page, pages.length - 1)]));
  });
  return config(server.url);
};
const info = (over: object = {}) => ({ id: REPO, sha: COMMIT, private: false, gated: false, ...over });
const row = (path: string, over: object = {}) => ({ type: 'file', path, oid: OID, size: 3, ...over });
const read = (hub: ReturnType<typeof config>) => readRepo(hub, REPO, undefined, { signal });

describe('a repository', () => {
  it('is absent after a 401 without a token, and an error after a 401 with one', async () => {
    server = await tiny((_request, answer) => {
      answer.statusCode = 401;
      answer.end('{"error":"Invalid username or password."}');
    });
    const { token: _token, ...anonymous } = config(server.url);
    expect(await read(anonymous)).toEqual({ absent: true });
    await expect(read(config(server.url))).rejects.toMatchObject({ code: 'hub/unauthorized' });
  });

  it('is read with license, visibility and files in the order of their bytes', async () => {
    const hub = await answering(info({ gated: 'manual', cardData: { license: 'other', license_name: 'qwen' } }), [
      [row('b'), row('a/ｚ'), row('a/😀'), { type: 'directory', path: '', oid: OID, size: 0 }],
    ]);
    expect(await read(hub)).toMatchObject({
      commit: COMMIT,
      gated: 'manual',
      license: { id: 'other', name: 'qwen', link: null },
      files: [{ path: 'a/ｚ' }, { path: 'a/😀' }, { path: 'b' }],
    });
  });

  it('has the first of several licenses, and none from an invalid card', async () => {
    expect(await read(await answering(info({ cardData: { license: ['mit', 'gpl'] } })))).toMatchObject({ license: { id: 'mit' } });
    await server!.close();
    expect(await read(await answering(info({ cardData: { license: { evil: 1 } } })))).toMatchObject({ license: null });
  });

  it('is read over several pages', async () => {
    const hub = await answering(info(), [[row('a')], [row('b')]], (page, url) => (page === 0 ? `<${url}&cursor=2>; rel="next"` : ''));
    expect(await read(hub)).toMatchObject({ files: [{ path: 'a' }, { path: 'b' }] });
  });

  it.each([
    ['endless pages', async () => answering(info(), [[row('a')]], (_, url) => `<${url}>; rel="next"`), 'hub/paging'],
    ['pages at another origin', async () => answering(info(), [[row('a')]], () => '<http://127.0.0.1:1/x>; rel="next"'), 'hub/paging'],
    ['a path with ..', async () => answering(info(), [[row('../x')]]), 'hub/bad-path'],
    ['an absolute path', async () => answering(info(), [[row('/x')]]), 'hub/bad-path'],
    ['a file twice', async () => answering(info(), [[row('a'), row('a')]]), 'hub/bad-answer'],
    ['an invalid digest', async () => answering(info(), [[row('a', { lfs: { oid: 'zz', size: 1 } })]]), 'hub/bad-answer'],
    ['an empty sha', async () => answering(info({ sha: '' })), 'hub/bad-answer'],
    ['another name', async () => answering(info({ id: 'acme/renamed' })), 'hub/renamed'],
    [
      'text instead of JSON',
      async () => {
        server = await tiny((_, answer) => void answer.end('<html>'));
        return config(server.url);
      },
      'hub/bad-answer',
    ],
  ])('is refused with %s', async (_, make, code) => {
    await expect(read(await make())).rejects.toMatchObject({ code });
  });

  it('is absent, private, or found by another spelling on the local hub', async () => {
    test = await startTestHub();
    expect(await read(test.client)).toEqual({ absent: true });
    await test.hub.admin.createRepo(REPO, { private: true });
    expect(await read(test.client)).toMatchObject({ private: true });
    expect(await readRepo(test.client, 'ACME/Weights' as typeof REPO, undefined, { signal })).toMatchObject({ repo: REPO });
    const { token: _, ...anonymous } = test.client;
    expect(await readRepo(anonymous, REPO, undefined, { signal })).toEqual({ absent: true });
    expect(await readRepo(test.client, REPO, COMMIT, { signal })).toEqual({ absent: true });
  });

  it('is an access error with a hint when the Hub does not know the token', async () => {
    test = await startTestHub();
    await test.hub.admin.createRepo(REPO);
    const wrong = openHub(hubConfigFromEnv({ HF_ENDPOINT: test.hub.url, HF_TOKEN: 'hf_nobody' }), THIS_MACHINE);
    await expect(readRepo(wrong, REPO, undefined, { signal })).rejects.toMatchObject({
      kind: 'access',
      hint: expect.stringContaining('HF_TOKEN'),
    });
  });
});

describe('a small file', () => {
  it('is checked against the digest that its commit lists', async () => {
    test = await startTestHub();
    await test.hub.admin.createRepo(REPO);
    const commit = await test.hub.admin.commitFiles(REPO, new Map([['a.txt', Buffer.from('hello\n')]]), { message: 'x' });
    const facts = await readRepo(test.client, REPO, commit, { signal });
    const file = ('files' in facts ? facts.files : []).find(({ path }) => path === 'a.txt')!;
    const wanted = { repo: REPO, commit, path: 'a.txt', maxBytes: 100 };
    expect(Buffer.from(await readSmallFile(test.client, { ...wanted, file }, { signal })).toString()).toBe('hello\n');
    await expect(
      readSmallFile(test.client, { ...wanted, file: { ...file, gitBlob: OID as typeof file.gitBlob } }, { signal }),
    ).rejects.toMatchObject({ code: 'hub/file-differs' });
    await expect(readSmallFile(test.client, { ...wanted, maxBytes: 2 }, { signal })).rejects.toMatchObject({
      code: 'hub/answer-too-large',
    });
    await expect(readSmallFile(test.client, { ...wanted, path: 'none' }, { signal })).rejects.toMatchObject({ code: 'hub/file-not-found' });
  });
});

describe('reading a small file', () => {
  it('takes one request for a plain file, and two for an LFS file', async () => {
    const { hub, client } = (test = await startTestHub());
    await hub.admin.createRepo(REPO);
    const files = new Map([
      ['a.txt', Buffer.from('hello\n')],
      ['a.safetensors', Buffer.alloc(100)],
    ]);
    const commit = await hub.admin.commitFiles(REPO, files, { message: 'x' });
    const requestsFor = async (path: string): Promise<string[]> => {
      const before = hub.requests.length;
      await readSmallFile(client, { repo: REPO, commit, path, maxBytes: 100 }, { signal });
      return hub.requests.slice(before).map(({ method, operation }) => `${method} ${operation}`);
    };
    expect(await requestsFor('a.txt')).toEqual(['GET resolve']);
    expect(await requestsFor('a.safetensors')).toEqual(['GET resolve', 'GET cdn']);
  });
});

describe('commits', () => {
  it('are read up to the page of the wanted one, with their accounts', async () => {
    const { hub, client } = (test = await startTestHub({ pageSize: 2 }));
    await hub.admin.createRepo(REPO);
    for (const at of [1, 2, 3, 4])
      await hub.admin.commitFiles(REPO, new Map([['n', Buffer.from(String(at))]]), { message: `Commit ${at}`, user: `user${at}` });
    const head = await hub.admin.head(REPO);
    const before = hub.requests.length;
    const until = (title: string) => listCommitsUntil(client, REPO, head, (commit) => commit.title === title, { signal });
    expect((await until('Commit 3')).map(({ title, accounts }) => `${title} by ${accounts.join()}`)).toEqual([
      'Commit 4 by user4',
      'Commit 3 by user3',
    ]);
    expect(hub.requests.slice(before)).toHaveLength(1);
    expect(await until('none of them')).toHaveLength(5);
  });

  it('are listed newest first since a head, with our trailers', async () => {
    test = await startTestHub({ pageSize: 2 });
    const first = await test.hub.admin.createRepo(REPO);
    const digest = `sha256:${'d'.repeat(64)}`;
    for (const at of [1, 2, 3])
      await test.hub.admin.commitFiles(REPO, new Map([['n', Buffer.from(String(at))]]), {
        message: `Commit ${at}\n\nSWP-Plan: ${digest}\nSWP-Manifest: ${digest}`,
      });
    const commits = await listCommitsSince(test.client, REPO, first, { signal });
    expect(commits.map(({ title }) => title)).toEqual(['Commit 3', 'Commit 2', 'Commit 1']);
    expect(readTrailers(commits[0]!.message)).toEqual({ plan: digest, manifest: digest });
    expect(await listCommitsSince(test.client, REPO, null, { signal })).toHaveLength(4);
  });

  it.each(['SWP-Manifest: zz', 'see SWP-Manifest: sha256:' + 'd'.repeat(64)])('have no trailer with the message %j', (message) => {
    expect(readTrailers(message)).toEqual({});
  });
});

describe('the token', () => {
  it('is hidden when the config is printed', () => {
    const hub = hubConfigFromEnv({ HF_TOKEN: TOKEN });
    expect(`${inspect(hub, { depth: 9 })}${JSON.stringify(hub)}${String(hub.token)}`).not.toContain(TOKEN);
    expect(hub.token?.reveal()).toBe(TOKEN);
  });

  it.each([{ HF_ENDPOINT: 'nowhere' }, { HF_ENDPOINT: 'file:///x' }, { HF_TOKEN: 'two words' }])(
    'refuses the invalid settings %j',
    (env: NodeJS.ProcessEnv) => {
      expect(() => hubConfigFromEnv(env)).toThrow(expect.objectContaining({ kind: 'invalid' }));
    },
  );
});
