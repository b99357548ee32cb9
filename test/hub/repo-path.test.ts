import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CollectionSlug, RepoId } from '../../core/ids.js';
import { readCollection } from '../../hub/collections.js';
import { listCommitsSince, listCommitsUntil, readCommitDate } from '../../hub/read/commits.js';
import { readQuantizedFrom } from '../../hub/read/lineage.js';
import { readRepoInfo } from '../../hub/read/repo.js';
import { locate } from '../../hub/read/locate.js';
import { readTree } from '../../hub/read/tree.js';
import { commitOnce } from '../../hub/write/commit.js';
import { copyOnServer } from '../../hub/write/copy-lfs.js';
import { lfsBatch } from '../../hub/write/lfs-batch.js';
import { classifyUploads } from '../../hub/write/preupload.js';
import { sha256Of } from '../../core/digests.js';
import { COMMIT, config, fileOf, signal, tiny, type TinyServer } from './support.js';

/** A name that no parser of ours accepts; even so it must not produce the URL of another repository. */
const REPO = 'acme/we?ights#1 a' as RepoId;
const ESCAPED = '/acme/we%3Fights%231%20a';

let server: TinyServer;
const urls: string[] = [];
beforeAll(async () => {
  server = await tiny((request, response) => {
    urls.push(request.url ?? '');
    response.writeHead(404).end();
  });
});
afterAll(() => server.close());

const options = { signal };
const file = fileOf('a.txt', Buffer.from('a'));
const order = { repo: REPO, parent: COMMIT, title: 't', trailers: {}, files: [], deletions: [] };
const copied = { path: 'a', sha256: sha256Of(Buffer.from('a')), size: 1, xetHash: 'x' };

it.each<[string, (hub: ReturnType<typeof config>) => Promise<unknown>]>([
  ['readRepoInfo', (hub) => readRepoInfo(hub, REPO, undefined, options)],
  ['readTree', (hub) => readTree(hub, REPO, COMMIT, options)],
  ['listCommitsSince', (hub) => listCommitsSince(hub, REPO, COMMIT, options)],
  ['listCommitsUntil', (hub) => listCommitsUntil(hub, REPO, COMMIT, () => true, options)],
  ['readCommitDate', (hub) => readCommitDate(hub, REPO, COMMIT, options)],
  ['readQuantizedFrom', (hub) => readQuantizedFrom(hub, REPO, COMMIT, options)],
  ['locate', (hub) => locate(hub, { repo: REPO, commit: COMMIT, path: 'a', size: 1, lfs: null }, options)],
  ['readCollection', (hub) => readCollection(hub, REPO as unknown as CollectionSlug, options)],
  ['classifyUploads', (hub) => classifyUploads(hub, REPO, [file], options)],
  ['lfsBatch', (hub) => lfsBatch(hub, REPO, [file], options)],
  ['copyOnServer', (hub) => copyOnServer(hub, { source: REPO, target: REPO, files: [copied] }, options)],
  ['commitOnce', (hub) => commitOnce(hub, order, { signal, treeMatches: () => Promise.resolve(false) })],
])('%s escapes the name of a repository in its URL', async (_, call) => {
  urls.length = 0;
  await call(config(server.url, { attempts: 1 })).catch(() => undefined);
  expect(urls).not.toEqual([]);
  for (const url of urls) expect(url).toContain(ESCAPED);
});
