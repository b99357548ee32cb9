import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { call, commitLines, jsonOf, makeBytes, ndjson, READER, requestUpload, sha256, startHub, STRANGER, WRITER } from './hub-fixture.js';

const REPO = 'Skulk/tiny';
const header = { summary: 'a commit', description: 'line one\n\nSWP-Plan: sha256:0' };
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const file = (path: string, text = path) => ['file', { path, content: base64(text), encoding: 'base64' }] as const;

const withRepo = async () => {
  const hub = await startHub();
  const head = await hub.admin.createRepo(REPO);
  return { hub, head };
};

describe('commit', () => {
  it('applies every operation, and keeps title, body, author and date', async () => {
    const { hub, head } = await withRepo();
    await commitLines(hub, REPO, [['header', header], file('a/b.txt'), file('a/c.txt'), file('d.txt')]);
    const response = await commitLines(hub, REPO, [
      ['header', { ...header, summary: 'second' }],
      ['deletedFolder', { path: 'a/' }],
      ['deletedFile', { path: 'd.txt' }],
      file('e.txt'),
    ]);
    const { commitOid, commitUrl } = await jsonOf(response, z.object({ commitOid: z.string(), commitUrl: z.string() }));
    expect(commitUrl).toBe(`${hub.url}/${REPO}/commit/${commitOid}`);
    expect(await hub.admin.head(REPO)).toBe(commitOid);
    const commits = await hub.admin.listCommits(REPO);
    expect(commits.map(({ title }) => title)).toEqual(['second', 'a commit', 'initial commit']);
    expect([...commits[0]!.files.keys()]).toEqual(['.gitattributes', 'e.txt']);
    const rows = await jsonOf(await call(hub, `/api/models/${REPO}/commits/main`), z.array(z.unknown()));
    expect(rows[1]).toEqual({
      id: commits[1]!.id,
      title: header.summary,
      message: header.description,
      authors: [{ user: 'ada', avatar: '' }],
      date: new Date(commits[1]!.at).toISOString(),
    });
    expect(rows[2]).toMatchObject({ id: head });
  });

  it('refuses a parent that is no longer the head with 412', async () => {
    const { hub, head } = await withRepo();
    const moved = await hub.admin.commitFiles(REPO, new Map([['x', Buffer.from('x')]]), { message: 'stranger', parent: head });
    const response = await commitLines(hub, REPO, [['header', { ...header, parentCommit: head }], file('a.txt')]);
    expect(response.status).toBe(412);
    expect(await response.json()).toEqual({ error: 'A commit has happened since. Please refresh and try again.' });
    expect(await hub.admin.head(REPO)).toBe(moved);
  });

  it('lets exactly one of many commits onto one parent succeed', async () => {
    const { hub, head } = await withRepo();
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        commitLines(hub, REPO, [['header', { ...header, parentCommit: head }], file(`${index}.txt`)]),
      ),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 412, 412, 412, 412, 412, 412, 412]);
    expect(await hub.admin.listCommits(REPO)).toHaveLength(2);
  });

  it('refuses a pointer to an object that was never uploaded, and commits nothing', async () => {
    const { hub, head } = await withRepo();
    const response = await commitLines(hub, REPO, [
      ['header', header],
      file('a.txt'),
      ['lfsFile', { path: 'model.safetensors', algo: 'sha256', oid: '0'.repeat(64), size: 3 }],
    ]);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      error:
        'Your push was rejected because an LFS pointer pointed to a file that does not exist. For instance, this can happen if you used git push --no-verify to push your changes. Offending file: - model.safetensors',
    });
    expect(await hub.admin.head(REPO)).toBe(head);
  });

  it('does not accept an object that only another repository holds', async () => {
    const { hub } = await withRepo();
    const bytes = makeBytes(100, 1);
    await hub.admin.createRepo('Skulk/other');
    await hub.admin.commitFiles('Skulk/other', new Map([['m.safetensors', bytes]]), { message: 'weights' });
    const line = ['lfsFile', { path: 'm.safetensors', algo: 'sha256', oid: sha256(bytes), size: 100 }] as const;
    expect((await commitLines(hub, REPO, [['header', header], line])).status).toBe(400);
    expect((await commitLines(hub, 'Skulk/other', [['header', header], line])).status).toBe(200);
  });

  it('refuses a pointer with another size than its object', async () => {
    const { hub } = await withRepo();
    const bytes = makeBytes(100, 1);
    const action = await requestUpload(hub, REPO, bytes);
    await call(hub, action!.href, { method: 'PUT', body: bytes });
    expect(
      (
        await commitLines(hub, REPO, [
          ['header', header],
          ['lfsFile', { path: 'm', algo: 'sha256', oid: sha256(bytes), size: 99 }],
        ])
      ).status,
    ).toBe(400);
    expect(
      (
        await commitLines(hub, REPO, [
          ['header', header],
          ['lfsFile', { path: 'm', algo: 'sha256', oid: sha256(bytes), size: 100 }],
        ])
      ).status,
    ).toBe(200);
  });

  it.each(['../x', '/x', 'a/../x', 'a//b', './a', 'a/.git/config', '.GIT/x', 'a\\b', 'C:x', 'a\u0000b', 'a\nb', '', 'a/', 'x'.repeat(256)])(
    'refuses the path %j',
    async (path) => {
      const { hub, head } = await withRepo();
      expect((await commitLines(hub, REPO, [['header', header], file(path, 'x')])).status).toBe(400);
      expect(await hub.admin.head(REPO)).toBe(head);
    },
  );

  it('keeps a file called __proto__ like any other', async () => {
    const { hub } = await withRepo();
    expect((await commitLines(hub, REPO, [['header', header], file('__proto__', 'x')])).status).toBe(200);
    expect(await hub.admin.readFile(REPO, 'main', '__proto__')).toEqual(Buffer.from('x'));
  });

  it.each<[string, (readonly [string, unknown])[]]>([
    ['no header', [file('a')]],
    ['a header that comes second', [file('a'), ['header', header]]],
    ['an empty title', [['header', { summary: ' ' }], file('a')]],
    ['a short parent', [['header', { summary: 'x', parentCommit: 'abc' }], file('a')]],
    [
      'content that is not base64',
      [
        ['header', header],
        ['file', { path: 'a', content: '%%%', encoding: 'base64' }],
      ],
    ],
    [
      'an unknown operation',
      [
        ['header', header],
        ['moveFile', { path: 'a' }],
      ],
    ],
    ['one path twice', [['header', header], file('a'), file('a')]],
    ['a file and a folder of one name', [['header', header], file('a'), file('a/b')]],
    ['a README whose metadata is not YAML', [['header', header], file('README.md', '---\na: [\n---\n')]],
    ['a regular file above 10 MiB', [['header', header], file('a', 'x'.repeat((10 << 20) + 1))]],
  ])('refuses %s with 400', async (_, lines) => {
    const { hub, head } = await withRepo();
    const response = await commitLines(hub, REPO, lines);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: expect.any(String) });
    expect(await hub.admin.head(REPO)).toBe(head);
  });

  it('refuses to delete a missing file', async () => {
    const { hub } = await withRepo();
    const response = await commitLines(hub, REPO, [
      ['header', header],
      ['deletedFile', { path: 'none' }],
    ]);
    expect([response.status, response.headers.get('x-error-code')]).toEqual([404, 'EntryNotFound']);
  });

  it('has only one branch', async () => {
    const { hub } = await withRepo();
    const response = await call(hub, `/api/models/${REPO}/commit/dev`, { token: WRITER, body: ndjson(['header', header]) });
    expect([response.status, response.headers.get('x-error-code')]).toEqual([404, 'RevisionNotFound']);
  });

  it('refuses a read token, a token of another account and no token', async () => {
    const { hub } = await withRepo();
    const send = async (token?: typeof READER) =>
      (
        await call(hub, `/api/models/${REPO}/commit/main`, {
          body: ndjson(['header', header], file('a')),
          ...(token === undefined ? {} : { token }),
        })
      ).status;
    expect([await send(READER), await send(STRANGER), await send()]).toEqual([403, 403, 401]);
  });
});
