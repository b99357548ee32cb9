import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { LocalHub } from '../../../dev/hub/index.js';
import { call, jsonOf, makeBytes, READER, sha256, startHub, WRITER } from './hub-fixture.js';

const REPO = 'Skulk/tiny';
const BIG = makeBytes(1000, 5);
const SMALL = Buffer.from('0123456789');

const withFiles = async (options: Parameters<typeof startHub>[0] = {}): Promise<LocalHub> => {
  const hub = await startHub(options);
  await hub.admin.createRepo(REPO);
  await hub.admin.commitFiles(
    REPO,
    new Map<string, Uint8Array>([
      ['a/b/model.safetensors', BIG],
      ['a/small.txt', SMALL],
      ['a-c', SMALL],
      ['é x.txt', SMALL],
      ['empty', Buffer.alloc(0)],
    ]),
    { message: 'files' },
  );
  return hub;
};

const Rows = z.array(z.object({ path: z.string(), lastCommit: z.object({ id: z.string() }).optional() }));

const pathsOf = async (response: Response): Promise<string[]> => (await jsonOf(response, Rows)).map(({ path }) => path);

describe('resolve', () => {
  it('serves a regular file itself, with its git id as ETag', async () => {
    const hub = await withFiles();
    const response = await call(hub, `/${REPO}/resolve/main/${encodeURIComponent('é x.txt')}`);
    expect(response.headers.get('etag')).toBe('"ad471007bd7f5983d273b9584e5629230150fd54"');
    expect(response.headers.get('x-repo-commit')).toBe(await hub.admin.head(REPO));
    expect(Buffer.from(await response.arrayBuffer())).toEqual(SMALL);
  });

  it('redirects LFS content to another origin, which has its own ETag and refuses a token', async () => {
    const hub = await withFiles();
    const response = await call(hub, `/${REPO}/resolve/main/a/b/model.safetensors`, { token: READER });
    expect(response.status).toBe(302);
    expect(response.headers.get('x-linked-size')).toBe('1000');
    expect(response.headers.get('x-linked-etag')).toBe(`"${sha256(BIG)}"`);
    expect(response.headers.get('x-repo-commit')).toBe(await hub.admin.head(REPO));
    const location = response.headers.get('location')!;
    expect(new URL(location).origin).toBe(hub.cdnUrl);
    expect(hub.cdnUrl).not.toBe(hub.url);

    const content = await call(hub, location);
    expect(sha256(new Uint8Array(await content.arrayBuffer()))).toBe(sha256(BIG));
    expect(content.headers.get('etag')).not.toContain(sha256(BIG));
    expect((await call(hub, location, { token: READER })).status).toBe(400);
    expect((await call(hub, location.replace('Signature=', 'Signature=0'))).status).toBe(403);
  });

  it.each([
    ['bytes=0-0', 206, 'bytes 0-0/1000', 1],
    ['bytes=990-', 206, 'bytes 990-999/1000', 10],
    ['bytes=-5', 206, 'bytes 995-999/1000', 5],
    ['bytes=1000-', 416, 'bytes */1000', 0],
    ['bytes=0-1,5-6', 200, null, 1000],
  ])('answers %s of the content with %i', async (range, status, contentRange, length) => {
    const hub = await withFiles();
    const location = (await call(hub, `/${REPO}/resolve/main/a/b/model.safetensors`)).headers.get('location')!;
    const response = await call(hub, location, { headers: { Range: range } });
    const bytes = await response.arrayBuffer();
    expect([response.status, response.headers.get('content-range'), bytes.byteLength]).toEqual([status, contentRange, length]);
    expect(hub.requests.at(-1)).toMatchObject({ operation: 'cdn', repo: REPO, file: 'a/b/model.safetensors', range, status, sent: length });
  });

  it('sends the whole file when If-Range names another version', async () => {
    const hub = await withFiles();
    const address = `/${REPO}/resolve/main/a/small.txt`;
    const etag = (await call(hub, address)).headers.get('etag')!;
    const statusWith = async (ifRange: string): Promise<number> =>
      (await call(hub, address, { headers: { Range: 'bytes=0-1', 'If-Range': ifRange } })).status;
    expect([await statusWith(etag), await statusWith('"other"')]).toEqual([206, 200]);
  });

  it('answers HEAD as GET, without the content', async () => {
    const hub = await withFiles();
    const response = await call(hub, `/${REPO}/resolve/main/a/small.txt`, { method: 'HEAD' });
    expect([response.status, response.headers.get('content-length'), (await response.arrayBuffer()).byteLength]).toEqual([200, '10', 0]);
  });

  it('serves an empty file', async () => {
    const hub = await withFiles();
    expect((await (await call(hub, `/${REPO}/resolve/main/empty`)).arrayBuffer()).byteLength).toBe(0);
  });

  it('distinguishes a missing entry, revision and repository', async () => {
    const hub = await withFiles();
    const code = async (address: string): Promise<string | null> =>
      (await call(hub, address, { token: READER })).headers.get('x-error-code');
    expect([
      await code(`/${REPO}/resolve/main/none`),
      await code(`/${REPO}/resolve/main/..%2f..%2fsecret`),
      await code(`/${REPO}/resolve/${'0'.repeat(40)}/empty`),
      await code(`/${REPO}/resolve/..%2f..%2f..%2frepo/empty`),
      await code('/Skulk/none/resolve/main/empty'),
      await code('/..%2f..%2f/x/resolve/main/empty'),
    ]).toEqual(['EntryNotFound', 'EntryNotFound', 'RevisionNotFound', 'RevisionNotFound', 'RepoNotFound', 'RepoNotFound']);
  });

  it('serves each commit in its own state', async () => {
    const hub = await withFiles();
    const before = await hub.admin.head(REPO);
    await hub.admin.commitFiles(REPO, new Map([['empty', SMALL]]), { message: 'fill', remove: ['a-c'] });
    expect(await (await call(hub, `/${REPO}/resolve/${before}/empty`)).text()).toBe('');
    expect(await (await call(hub, `/${REPO}/resolve/main/empty`)).text()).toBe('0123456789');
    expect((await call(hub, `/${REPO}/resolve/main/a-c`)).status).toBe(404);
  });
});

describe('tree', () => {
  it('lists one level, or everything, with ids and sizes', async () => {
    const hub = await withFiles();
    expect(await pathsOf(await call(hub, `/api/models/${REPO}/tree/main`))).toEqual(['.gitattributes', 'a', 'a-c', 'empty', 'é x.txt']);
    expect(await pathsOf(await call(hub, `/api/models/${REPO}/tree/main/a`))).toEqual(['a/b', 'a/small.txt']);
    const rows = await jsonOf(await call(hub, `/api/models/${REPO}/tree/main/a?recursive=True`), z.unknown());
    expect(rows).toEqual([
      { type: 'directory', oid: expect.stringMatching(/^[0-9a-f]{40}$/), size: 0, path: 'a/b' },
      {
        type: 'file',
        oid: expect.stringMatching(/^[0-9a-f]{40}$/),
        size: 1000,
        path: 'a/b/model.safetensors',
        lfs: { oid: sha256(BIG), size: 1000, pointerSize: 129 },
      },
      { type: 'file', oid: 'ad471007bd7f5983d273b9584e5629230150fd54', size: 10, path: 'a/small.txt' },
    ]);
  });

  it('names the last commit of each row on request', async () => {
    const hub = await withFiles();
    const first = await hub.admin.head(REPO);
    const second = await hub.admin.commitFiles(REPO, new Map([['a/small.txt', Buffer.from('new')]]), { message: 'edit' });
    const rows = await jsonOf(await call(hub, `/api/models/${REPO}/tree/main/a?recursive=1&expand=1`), Rows);
    expect(rows.map(({ lastCommit }) => lastCommit?.id)).toEqual([first, first, second]);
    const top = await jsonOf(await call(hub, `/api/models/${REPO}/tree/main?expand=1`), Rows);
    expect(top[1]).toMatchObject({ path: 'a', lastCommit: { id: second } });
  });

  it('pages by Link until every row was seen once', async () => {
    const hub = await withFiles({ pageSize: 2 });
    const seen: string[] = [];
    let next: string | undefined = `/api/models/${REPO}/tree/main?recursive=true`;
    while (next !== undefined) {
      const page = await call(hub, next);
      seen.push(...(await pathsOf(page)));
      next = /<(.*)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
    }
    expect(seen).toEqual(['.gitattributes', 'a', 'a-c', 'a/b', 'a/b/model.safetensors', 'a/small.txt', 'empty', 'é x.txt']);
    expect((await call(hub, `/api/models/${REPO}/tree/main?cursor=bogus`)).status).toBe(400);
  });

  it('answers 404 for a missing folder', async () => {
    const hub = await withFiles();
    const response = await call(hub, `/api/models/${REPO}/tree/main/none`);
    expect([response.status, response.headers.get('x-error-code')]).toEqual([404, 'EntryNotFound']);
  });
});

describe('paths-info', () => {
  it('accepts JSON and forms, and leaves out missing paths', async () => {
    const hub = await withFiles();
    const address = `/api/models/${REPO}/paths-info/main`;
    const form = new URLSearchParams([
      ['paths', 'a'],
      ['paths', 'none'],
      ['paths', 'empty'],
      ['expand', 'True'],
    ]).toString();
    expect(await pathsOf(await call(hub, address, { json: { paths: ['empty', 'a/small.txt', 'none'] } }))).toEqual([
      'empty',
      'a/small.txt',
    ]);
    const rows = await (await call(hub, address, { body: form, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } })).json();
    expect(rows).toMatchObject([
      { path: 'a', type: 'directory', lastCommit: { title: 'files' } },
      { path: 'empty', lastCommit: { title: 'files' } },
    ]);
  });
});

describe('commits', () => {
  it('pages with a count and a link', async () => {
    const hub = await withFiles();
    for (const title of ['one', 'two', 'three']) await hub.admin.commitFiles(REPO, new Map(), { message: title });
    const first = await call(hub, `/api/models/${REPO}/commits/main?limit=2`);
    expect(first.headers.get('x-total-count')).toBe('5');
    expect(await first.json()).toMatchObject([{ title: 'three' }, { title: 'two' }]);
    const second = await call(hub, /<(.*)>; rel="next"/.exec(first.headers.get('link')!)![1]!);
    expect(await second.json()).toMatchObject([{ title: 'one' }, { title: 'files' }]);
    const last = await call(hub, /<(.*)>; rel="next"/.exec(second.headers.get('link')!)![1]!);
    expect([await last.json(), last.headers.get('link')]).toMatchObject([[{ title: 'initial commit' }], null]);
  });

  it('lists the history of a commit, not of the head', async () => {
    const hub = await withFiles();
    const head = await hub.admin.head(REPO);
    await hub.admin.commitFiles(REPO, new Map(), { message: 'later' });
    expect(await (await call(hub, `/api/models/${REPO}/commits/${head}`)).json()).toMatchObject([
      { title: 'files' },
      { title: 'initial commit' },
    ]);
  });
});

describe('model info', () => {
  it('describes a revision, or only the fields of expand', async () => {
    const hub = await withFiles();
    const first = (await hub.admin.listCommits(REPO)).at(-1)!.id;
    expect(await (await call(hub, `/api/models/${REPO}/revision/${first}?blobs=true`)).json()).toMatchObject({
      id: REPO,
      sha: first,
      private: false,
      gated: false,
      siblings: [{ rfilename: '.gitattributes', size: expect.any(Number) }],
    });
    const expanded = await jsonOf(await call(hub, `/api/models/${REPO}?expand[]=sha&expand=gated`), z.record(z.string(), z.unknown()));
    expect(Object.keys(expanded).toSorted()).toEqual(['_id', 'gated', 'id', 'sha']);
    expect((await call(hub, `/api/models/${REPO}?expand=nonsense`)).status).toBe(400);
  });
});

describe('preupload', () => {
  it('classifies files as LFS or regular, names existing ones, and applies .gitignore', async () => {
    const hub = await withFiles();
    const files = [
      { path: 'a/b/model.safetensors', size: 1000, sample: '' },
      { path: 'a/small.txt', size: 10, sample: '' },
      { path: 'big.txt', size: (10 << 20) + 1, sample: '' },
      { path: 'empty.bin', size: 0, sample: '' },
      { path: 'x.log', size: 1, sample: '' },
    ];
    const Answer = z.object({ commitOid: z.string(), files: z.array(z.record(z.string(), z.unknown())) });
    const requestPreupload = async (extra: object) =>
      jsonOf(await call(hub, `/api/models/${REPO}/preupload/main`, { token: WRITER, json: { files, ...extra } }), Answer);
    const answer = await requestPreupload({ gitIgnore: '*.log' });
    expect(answer).toEqual({
      commitOid: await hub.admin.head(REPO),
      files: [
        { path: 'a/b/model.safetensors', uploadMode: 'lfs', shouldIgnore: false, oid: sha256(BIG) },
        { path: 'a/small.txt', uploadMode: 'regular', shouldIgnore: false, oid: 'ad471007bd7f5983d273b9584e5629230150fd54' },
        { path: 'big.txt', uploadMode: 'lfs', shouldIgnore: false },
        { path: 'empty.bin', uploadMode: 'regular', shouldIgnore: false },
        { path: 'x.log', uploadMode: 'regular', shouldIgnore: true },
      ],
    });
    expect((await requestPreupload({ gitAttributes: '*.txt filter=lfs' })).files.map(({ uploadMode }) => uploadMode)).toEqual([
      'regular',
      'lfs',
      'lfs',
      'regular',
      'regular',
    ]);
  });
});

describe('validate-yaml', () => {
  it('refuses metadata that is not YAML, and warns of missing metadata', async () => {
    const hub = await startHub();
    const validate = async (content: string) => {
      const response = await call(hub, '/api/validate-yaml', { token: WRITER, json: { content, repoType: 'model' } });
      return { status: response.status, ...(await jsonOf(response, z.record(z.string(), z.unknown()))) };
    };
    expect(await validate('---\nlicense: mit\n---\n# x')).toEqual({ status: 200, errors: [], warnings: [] });
    expect(await validate('# x')).toMatchObject({ status: 200, warnings: [{ message: expect.stringContaining('missing yaml') }] });
    expect(await validate('---\na: [\n---\n')).toMatchObject({ status: 400, errors: [{ message: expect.any(String) }] });
  });
});
