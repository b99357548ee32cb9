import { describe, expect, it } from 'vitest';
import type { LocalHub, TokenSpec } from '../../../dev/hub/index.js';
import { ADMITTED, call, makeBytes, NO_CREATE, READER, startHub, STRANGER, WRITER } from './hub-fixture.js';

const FILES = new Map<string, Uint8Array>([
  ['README.md', Buffer.from('# Tiny\n')],
  ['model.safetensors', makeBytes(100, 1)],
]);

const withRepos = async (): Promise<LocalHub> => {
  const hub = await startHub();
  await hub.admin.createRepo('Skulk/public');
  await hub.admin.createRepo('Skulk/private', { private: true });
  await hub.admin.createRepo('Skulk/gated', { gated: 'auto' });
  for (const name of ['public', 'private', 'gated']) await hub.admin.commitFiles(`Skulk/${name}`, FILES, { message: 'files' });
  return hub;
};

const as = (token: TokenSpec | undefined) => (token === undefined ? {} : { token });

const outcome = (response: Response): string =>
  [response.status, response.headers.get('x-error-code')].filter((part) => part !== null).join(' ');

describe('reading', () => {
  it.each<[string, TokenSpec | undefined, string, string, string]>([
    ['public', undefined, '200', '200', '302'],
    ['public', STRANGER, '200', '200', '302'],
    ['private', WRITER, '200', '200', '302'],
    ['private', READER, '200', '200', '302'],
    ['private', STRANGER, '404 RepoNotFound', '404 RepoNotFound', '404 RepoNotFound'],
    ['private', undefined, '401 RepoNotFound', '401 RepoNotFound', '401 RepoNotFound'],
    ['gated', READER, '200', '200', '302'],
    ['gated', ADMITTED, '200', '200', '302'],
    ['gated', STRANGER, '200', '403 GatedRepo', '403 GatedRepo'],
    ['gated', undefined, '200', '401 GatedRepo', '401 GatedRepo'],
    ['absent', WRITER, '404 RepoNotFound', '404 RepoNotFound', '404 RepoNotFound'],
    ['absent', undefined, '401 RepoNotFound', '401 RepoNotFound', '401 RepoNotFound'],
  ])('answers the %s repository (case %#) as the Hub does', async (name, token, tree, small, big) => {
    const hub = await withRepos();
    expect([
      outcome(await call(hub, `/api/models/Skulk/${name}/tree/main`, as(token))),
      outcome(await call(hub, `/Skulk/${name}/resolve/main/README.md`, as(token))),
      outcome(await call(hub, `/Skulk/${name}/resolve/main/model.safetensors`, as(token))),
    ]).toEqual([tree, small, big]);
  });

  it('refuses an unknown token, even for a public repository', async () => {
    const hub = await withRepos();
    const response = await call(hub, '/api/models/Skulk/public', { token: { ...WRITER, token: 'hf_unknown' } });
    expect([response.status, await response.json()]).toEqual([401, { error: 'Invalid username or password.' }]);
    expect((await call(hub, '/api/whoami-v2')).status).toBe(401);
  });

  it('follows changes of visibility and gating', async () => {
    const hub = await withRepos();
    await hub.admin.setVisibility('skulk/PUBLIC', 'private');
    await hub.admin.setVisibility('Skulk/private', 'public');
    await hub.admin.setGated('Skulk/private', 'manual');
    expect(outcome(await call(hub, '/api/models/Skulk/public', as(STRANGER)))).toBe('404 RepoNotFound');
    expect(await (await call(hub, '/api/models/Skulk/private', as(STRANGER))).json()).toMatchObject({ private: false, gated: 'manual' });
  });
});

const create = async (hub: LocalHub, name: string, organization: string | undefined, token?: TokenSpec): Promise<number> =>
  (await call(hub, '/api/repos/create', { ...as(token), json: { name, organization, type: 'model' } })).status;

describe('writing', () => {
  it('creates only in the namespaces of a token with the right to create', async () => {
    const hub = await withRepos();
    expect([
      await create(hub, 'a', 'Skulk', WRITER),
      await create(hub, 'b', undefined, WRITER),
      await create(hub, 'c', 'Other', WRITER),
      await create(hub, 'd', 'Skulk', READER),
      await create(hub, 'e', 'Skulk', NO_CREATE),
      await create(hub, 'f', 'Skulk', STRANGER),
      await create(hub, 'g', 'Skulk'),
      await create(hub, '../h', 'Skulk', WRITER),
    ]).toEqual([200, 200, 403, 403, 403, 403, 401, 400]);
  });

  it.each(['preupload', 'lfs-batch', 'verify', 'commit', 'delete'])('allows %s only to writers of the namespace', async (operation) => {
    const hub = await withRepos();
    const send = async (repo: string, token?: TokenSpec): Promise<number> => {
      const [organization, name] = repo.split('/');
      const oid = '0'.repeat(64);
      const requests: Record<string, [string, unknown]> = {
        preupload: [`/api/models/${repo}/preupload/main`, { files: [] }],
        'lfs-batch': [`/${repo}.git/info/lfs/objects/batch`, { operation: 'upload', objects: [{ oid, size: 1 }] }],
        verify: [`/${repo}.git/info/lfs/objects/verify`, { oid, size: 1 }],
        commit: [`/api/models/${repo}/commit/main`, { key: 'header', value: { summary: 'x' } }],
        delete: ['/api/repos/delete', { organization, name }],
      };
      const [path, json] = requests[operation]!;
      return (await call(hub, path, { ...as(token), json, ...(operation === 'delete' ? { method: 'DELETE' } : {}) })).status;
    };
    expect([
      await send('Skulk/public', READER),
      await send('Skulk/public', STRANGER),
      await send('Skulk/public'),
      await send('Skulk/private', STRANGER),
      await send('Skulk/private', READER),
      await send('Skulk/public', NO_CREATE),
    ]).toEqual([403, 403, 401, 404, 403, operation === 'verify' ? 404 : 200]);
  });
});

describe('creating and deleting', () => {
  it('answers 409 with the URL of an existing repository, in any spelling', async () => {
    const hub = await withRepos();
    const response = await call(hub, '/api/repos/create', {
      token: WRITER,
      json: { name: 'PUBLIC', organization: 'skulk', type: 'model' },
    });
    expect([response.status, await response.json()]).toEqual([
      409,
      { error: 'You already created this model repo: Skulk/public', url: `${hub.url}/Skulk/public` },
    ]);
  });

  it('starts a repository with the attributes of the Hub, private on request', async () => {
    const hub = await withRepos();
    const created = await call(hub, '/api/repos/create', {
      token: WRITER,
      json: { name: 'new', organization: 'Skulk', visibility: 'private', license: 'mit' },
    });
    expect(await created.json()).toMatchObject({ url: `${hub.url}/Skulk/new`, name: 'Skulk/new' });
    expect(await (await call(hub, '/api/models/Skulk/new', { token: WRITER })).json()).toMatchObject({
      private: true,
      cardData: { license: 'mit' },
      tags: ['license:mit', 'region:us'],
      siblings: [{ rfilename: '.gitattributes' }, { rfilename: 'README.md' }],
    });
    expect((await hub.admin.readFile('Skulk/new', 'main', '.gitattributes')).toString()).toContain('*.safetensors filter=lfs');
  });

  it('frees the name of a deleted repository', async () => {
    const hub = await withRepos();
    await call(hub, '/api/repos/delete', {
      method: 'DELETE',
      token: WRITER,
      json: { name: 'public', organization: 'Skulk', type: 'model' },
    });
    expect((await call(hub, '/api/models/Skulk/public', { token: WRITER })).status).toBe(404);
    await hub.admin.createRepo('SKULK/Public');
    expect(await (await call(hub, '/api/models/SKULK/Public')).json()).toMatchObject({ id: 'SKULK/Public' });
  });
});

describe('another spelling of a name', () => {
  it('redirects readers to the canonical name with their query', async () => {
    const hub = await withRepos();
    const response = await call(hub, '/api/models/skulk/Public/tree/main?recursive=true');
    expect([response.status, response.headers.get('location')]).toEqual([307, '/api/models/Skulk/public/tree/main?recursive=true']);
    expect((await call(hub, '/skulk/public/resolve/main/README.md', { method: 'HEAD' })).headers.get('location')).toBe(
      '/Skulk/public/resolve/main/README.md',
    );
  });

  it('lets writers act on the canonical repository', async () => {
    const hub = await withRepos();
    expect(
      (await call(hub, '/api/models/SKULK/PUBLIC/commit/main', { token: WRITER, json: { key: 'header', value: { summary: 'x' } } })).status,
    ).toBe(200);
    expect((await hub.admin.listCommits('Skulk/public'))[0]!.title).toBe('x');
  });

  it('is 404 for a private repository of another account', async () => {
    const hub = await withRepos();
    expect((await call(hub, '/api/models/skulk/PRIVATE', { token: STRANGER })).status).toBe(404);
  });
});
