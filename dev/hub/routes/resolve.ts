import { createHash } from 'node:crypto';
import { xetHash } from '../git/xet-hash.js';
import { param } from '../http/context.js';
import { refuse, Refusal, xmlError } from '../http/reply.js';
import type { Route } from '../http/router.js';
import { openRepoContent, openRevision } from './open-repo.js';
import { serveFile } from './serve-file.js';

const resolve: Route = {
  operation: 'resolve',
  method: 'GET',
  path: '/:owner/:name/resolve/:rev/*',
  guard: 'token',
  limit: 'resolvers',
  handle: async (context) => {
    const { hub } = context;
    const repo = await openRepoContent(context);
    const commit = await openRevision(context, repo);
    const path = context.params['rest'] ?? '';
    const entry = commit.files.get(path);
    if (entry === undefined) throw refuse(404, 'Entry not found', 'EntryNotFound');
    const headers = { 'X-Repo-Commit': commit.id };
    if (entry.lfs === undefined) {
      return serveFile(context, { file: hub.store.objects.blobPath(entry.oid), size: entry.size, etag: `"${entry.oid}"`, headers });
    }
    const location = hub.signer.sign({
      origin: hub.cdnUrl,
      method: 'GET',
      path: `/repos/${repo.objectId}/${entry.lfs}`,
      query: { repo: repo.id, file: path },
      lifetimeSeconds: hub.settings.lifetimes.cdn,
    });
    return {
      status: 302,
      headers: {
        ...headers,
        'Content-Type': 'text/plain; charset=utf-8',
        'Accept-Ranges': 'bytes',
        Location: location,
        'X-Linked-Size': String(entry.size),
        'X-Linked-Etag': `"${entry.lfs}"`,
        ...(hub.settings.serverCopy ? { 'X-Xet-Hash': xetHash(entry.lfs) } : {}),
      },
      body: `Found. Redirecting to ${location}`,
    };
  },
};

/** The CDN is another origin. It knows objects but no tokens, and has ETags of its own. */
const cdn: Route = {
  operation: 'cdn',
  method: 'GET',
  path: '/repos/:folder/:oid',
  guard: 'signed',
  handle: async (context) => {
    const oid = param(context, 'oid');
    const { objects } = context.hub.store;
    const size = await objects.objectSize(oid);
    if (size === undefined) throw new Refusal(xmlError(404, 'NoSuchKey', 'The specified key does not exist.'));
    const etag = `"${createHash('md5').update(oid).digest('hex')}-2"`;
    return serveFile(context, { file: objects.objectPath(oid), size, etag, headers: {} });
  },
};

export const resolveRoutes: readonly Route[] = [resolve];
export const cdnRoutes: readonly Route[] = [cdn];
