import { z } from 'zod';
import { Sha256 } from '../../../core/ids.js';
import { xetHash } from '../git/xet-hash.js';
import { readJson } from '../http/body.js';
import { json, refuse } from '../http/reply.js';
import type { Route } from '../http/router.js';
import type { RepoStore } from '../store/repos.js';
import { openRepoContent, openRepoForWrite } from './open-repo.js';

const MAX_FILES = 500;

const DuplicateBody = z.object({
  target: z.object({ type: z.literal('model'), name: z.string() }),
  files: z
    .array(z.object({ xetHash: z.string(), sha256: z.string(), filename: z.string() }))
    .min(1)
    .max(MAX_FILES),
});
type WantedFile = z.output<typeof DuplicateBody>['files'][number];

/** Returns the reason why the source cannot provide this object, or undefined if it can. */
const problemOf = async (repos: RepoStore, source: string, file: WantedFile): Promise<string | undefined> => {
  const oid = Sha256.safeParse(file.sha256);
  if (!oid.success) return 'the sha256 must be 64 hexadecimal digits';
  if ((await repos.objectSize(source, oid.data)) === undefined) return `${source} has no such object`;
  return file.xetHash === xetHash(oid.data) ? undefined : 'the xetHash is of other content';
};

/**
 * Copies LFS objects from one repository to another without transferring bytes: afterwards the target holds them, and a
 * commit may name them. The same token must be able to read the source and to write the target.
 */
const duplicate: Route = {
  operation: 'duplicate-lfs',
  method: 'POST',
  path: '/api/models/:owner/:name/lfs-files/duplicate',
  guard: 'token',
  handle: async (context) => {
    const { settings, store } = context.hub;
    if (!settings.serverCopy) throw refuse(404, "Sorry, we can't find the page you are looking for.");
    const source = await openRepoContent(context);
    const { target, files } = await readJson(context.body, DuplicateBody);
    const receiver = await openRepoForWrite(context, target.name);
    const failed: { sha256: string; error: string }[] = [];
    for (const file of files) {
      const error = await problemOf(store.repos, source.id, file);
      if (error === undefined) await store.repos.linkObject(receiver.id, file.sha256);
      else failed.push({ sha256: file.sha256, error });
    }
    return json(200, { success: failed.length === 0, processed: files.length, succeeded: files.length - failed.length, failed });
  },
};

export const duplicateLfsRoutes: readonly Route[] = [duplicate];
