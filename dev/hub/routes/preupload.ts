import { z } from 'zod';
import { ignoreMatcher, lfsMatcher } from '../git/attributes.js';
import { readJson } from '../http/body.js';
import { json } from '../http/reply.js';
import type { Route } from '../http/router.js';
import type { CommitRecord } from '../store/commit-record.js';
import type { ObjectStore } from '../store/objects.js';
import { readText } from '../store/read-text.js';
import { openRepoForWrite, openRevision } from './open-repo.js';
import { MAX_REGULAR_BYTES } from './regular-files.js';

const PreuploadBody = z.object({
  files: z.array(z.object({ path: z.string(), size: z.int().nonnegative(), sample: z.base64() })),
  gitAttributes: z.string().nullish(),
  gitIgnore: z.string().nullish(),
});

/** Returns true if the Hub stores a file in LFS: a large file or one that `.gitattributes` names, but never an empty one. */
export const usesLfs = (matches: (path: string) => boolean, path: string, size: number): boolean =>
  size > 0 && (size > MAX_REGULAR_BYTES || matches(path));

/** Returns the LFS rule of a commit's own `.gitattributes`. */
export const lfsRuleOf = async (objects: ObjectStore, commit: CommitRecord): Promise<(path: string) => boolean> =>
  lfsMatcher(await readText(objects, commit, '.gitattributes'));

const preupload: Route = {
  operation: 'preupload',
  method: 'POST',
  path: '/api/models/:owner/:name/preupload/:rev',
  guard: 'token',
  handle: async (context) => {
    const repo = await openRepoForWrite(context);
    const commit = await openRevision(context, repo);
    const { objects } = context.hub.store;
    const wanted = await readJson(context.body, PreuploadBody);
    const matches = typeof wanted.gitAttributes === 'string' ? lfsMatcher(wanted.gitAttributes) : await lfsRuleOf(objects, commit);
    const ignored = ignoreMatcher(wanted.gitIgnore ?? (await readText(objects, commit, '.gitignore')));
    const files = wanted.files.map(({ path, size }) => {
      const existing = commit.files.get(path);
      return {
        path,
        uploadMode: usesLfs(matches, path, size) ? 'lfs' : 'regular',
        shouldIgnore: ignored(path),
        ...(existing === undefined ? {} : { oid: existing.lfs ?? existing.oid }),
      };
    });
    return json(200, { commitOid: commit.id, files });
  },
};

export const preuploadRoutes: readonly Route[] = [preupload];
