import { z } from 'zod';
import { RepoId } from '../../../core/ids.js';
import { canCreate, canSee, canWrite } from '../auth.js';
import { DEFAULT_GITATTRIBUTES } from '../git/attributes.js';
import { parseInput, readJson } from '../http/body.js';
import { json, refuse } from '../http/reply.js';
import type { Route } from '../http/router.js';
import { applyOperations, type TreeOperation } from '../store/apply-operations.js';
import { writeRegularFile } from './regular-files.js';

const RepoName = z.object({
  name: z.string(),
  organization: z.string().nullish(),
  type: z.literal('model').default('model'),
});

const CreateBody = RepoName.extend({
  private: z.boolean().nullish(),
  visibility: z.enum(['public', 'private']).nullish(),
  license: z.string().nullish(),
  files: z.array(z.object({ path: z.string(), content: z.string(), encoding: z.literal('base64') })).nullish(),
});

const create: Route = {
  operation: 'create-repo',
  method: 'POST',
  path: '/api/repos/create',
  guard: 'token',
  handle: async ({ hub, body, identity }) => {
    if (identity === undefined) throw refuse(401, 'Invalid username or password.');
    const wanted = await readJson(body, CreateBody);
    const namespace = wanted.organization ?? identity.user;
    const id = parseInput(RepoId, `${namespace}/${wanted.name}`);
    if (!canCreate(identity, namespace))
      throw refuse(403, `You don't have the rights to create a model under the namespace "${namespace}"`);

    const files = new Map([['.gitattributes', Buffer.from(DEFAULT_GITATTRIBUTES)]]);
    if (typeof wanted.license === 'string') files.set('README.md', Buffer.from(`---\nlicense: ${wanted.license}\n---\n`));
    for (const file of wanted.files ?? []) files.set(file.path, Buffer.from(file.content, 'base64'));
    const operations: TreeOperation[] = [];
    for (const [path, bytes] of files) {
      operations.push({ kind: 'put', path, entry: await writeRegularFile(hub.store.objects, path, bytes) });
    }
    const initial = applyOperations(new Map(), operations);
    if (initial.kind !== 'tree') throw refuse(400, initial.kind === 'invalid' ? initial.reason : `No such file: ${initial.path}`);

    const { created, record } = await hub.store.repos.create({
      id,
      private: wanted.private ?? wanted.visibility === 'private',
      gated: false,
      title: 'initial commit',
      body: '',
      user: identity.user,
      tree: initial.tree,
    });
    const url = `${hub.url}/${record.id}`;
    if (!created) return json(409, { error: `You already created this model repo: ${record.id}`, url });
    return json(200, { url, name: record.id, id: record.objectId });
  },
};

const remove: Route = {
  operation: 'delete-repo',
  method: 'DELETE',
  path: '/api/repos/delete',
  guard: 'token',
  handle: async ({ hub, body, identity }) => {
    if (identity === undefined) throw refuse(401, 'Invalid username or password.');
    const wanted = await readJson(body, RepoName);
    const namespace = wanted.organization ?? identity.user;
    const repo = await hub.store.repos.find(`${namespace}/${wanted.name}`);
    if (repo === undefined || !canSee(identity, repo)) throw refuse(404, 'Repository not found', 'RepoNotFound');
    if (!canWrite(identity, namespace)) throw refuse(403, `You don't have the rights to delete "${repo.id}"`);
    await hub.store.repos.remove(repo.id);
    return json(200, {});
  },
};

export const repoLifecycleRoutes: readonly Route[] = [create, remove];
