import type { IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commitOnce, type NewCommit } from '../../hub/write/commit.js';
import { COMMIT, config, startTestHub, REPO, signal, tiny, type TestHub } from './support.js';

const TRAILERS = { 'SWP-Plan': `sha256:${'e'.repeat(64)}`, 'SWP-Manifest': `sha256:${'f'.repeat(64)}` };
const LINES = Object.entries(TRAILERS).map(([name, value]) => `${name}: ${value}`);

let test: TestHub;
let order: NewCommit;
beforeEach(async () => {
  test = await startTestHub();
  order = {
    repo: REPO,
    parent: await test.hub.admin.createRepo(REPO, { private: true }),
    title: 'Publish',
    trailers: TRAILERS,
    files: [{ path: 'notes.md', content: Buffer.from('hi') }],
    deletions: [],
  };
});
afterEach(() => test.close());
const commit = (over: Partial<NewCommit> = {}, treeMatches = true) =>
  commitOnce(test.client, { ...order, ...over }, { signal, treeMatches: () => Promise.resolve(treeMatches) });
const commitByOther = (message: string, files: readonly string[] = ['other']) =>
  test.hub.admin.commitFiles(REPO, new Map(files.map((path) => [path, Buffer.from('x')])), { message });
const sent = (): number => test.hub.requests.filter(({ operation }) => operation === 'commit').length;

describe('a commit', () => {
  it('has the title, one trailer per line, and the author of the token', async () => {
    await commit();
    const [made] = await test.hub.admin.listCommits(REPO);
    expect(made).toMatchObject({ title: 'Publish', body: LINES.join('\n'), user: 'writer', parent: order.parent });
  });

  it('writes its files, deletes the others that it names, and keeps the rest', async () => {
    const parent = await commitByOther('Before', ['old.md', 'kept.md']);
    await commit({ parent, deletions: ['old.md'] });
    const [made] = await test.hub.admin.listCommits(REPO);
    expect([...made!.files.keys()].toSorted()).toEqual(['.gitattributes', 'kept.md', 'notes.md']);
    expect(String(await test.hub.admin.readFile(REPO, 'main', 'notes.md'))).toBe('hi');
  });

  it('is one request of JSON lines', async () => {
    const requests: { headers: IncomingHttpHeaders; body: string }[] = [];
    const server = await tiny(async (request, response) => {
      if (request.method === 'GET') return response.end(JSON.stringify({ sha: order.parent }));
      requests.push({ headers: request.headers, body: await text(request) });
      return response.end(JSON.stringify({ commitOid: COMMIT }));
    });
    const file = { sha256: order.parent.padEnd(64, '0') as never, size: 7 };
    const files = [...order.files, { path: 'm.safetensors', lfs: file }];
    const options = { signal, treeMatches: () => Promise.resolve(true) };
    try {
      const done = await commitOnce(config(server.url), { ...order, files, deletions: ['old.md'] }, options);
      expect(done).toEqual({ outcome: 'committed', commit: COMMIT, settled: 'answered' });
    } finally {
      await server.close();
    }
    expect(requests).toHaveLength(1);
    expect(requests[0]!.headers['content-type']).toBe('application/x-ndjson');
    const lines = requests[0]!.body.trimEnd().split('\n');
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      { key: 'header', value: { summary: 'Publish', description: LINES.join('\n'), parentCommit: order.parent } },
      { key: 'file', value: { path: 'notes.md', content: Buffer.from('hi').toString('base64'), encoding: 'base64' } },
      { key: 'lfsFile', value: { path: 'm.safetensors', algo: 'sha256', oid: file.sha256, size: 7 } },
      { key: 'deletedFile', value: { path: 'old.md' } },
    ]);
  });
});

describe('an earlier attempt', () => {
  it.each([
    ['plain lines', `Publish\n\n${LINES.join('\n')}`],
    ['lines of another system', `Publish\r\n\r\n${LINES.join('\r\n')}\r\n`],
    ['indented lines, in another order', `Publish\n\n  ${LINES.toReversed().join(' \n  ')}`],
    ['more lines', `Publish\n\nSome text.\n\n${LINES.join('\n')}\nSigned-off-by: writer`],
  ])('is found by its trailers in %s', async (_, message) => {
    const earlier = await commitByOther(message);
    expect(await commit()).toEqual({ outcome: 'committed', commit: earlier, settled: 'found' });
    expect(sent()).toBe(0);
  });

  it.each([
    ['only one of its trailers', `Publish\n\n${LINES[0]}`],
    ['a trailer of another plan', `Publish\n\n${LINES[0]}0\n${LINES[1]}`],
    ['its trailers inside a sentence', `Publish\n\nReverts ${LINES.join(' and ')}`],
  ])('is not recognised by %s', async (_, message) => {
    const head = await commitByOther(message);
    expect(await commit()).toMatchObject({ outcome: 'stale', head });
    expect(sent()).toBe(0);
  });

  it('is found below later commits that have its trailers and another tree', async () => {
    const earlier = await commitByOther(`Publish\n\n${LINES.join('\n')}`);
    await commitByOther(`Publish\n\n${LINES.join('\n')}`, ['more']);
    const treeMatches = (id: string): Promise<boolean> => Promise.resolve(id === earlier);
    expect(await commitOnce(test.client, order, { signal, treeMatches })).toMatchObject({ outcome: 'committed', commit: earlier });
  });
});
