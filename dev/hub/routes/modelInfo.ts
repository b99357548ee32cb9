import { parseCard, tagsOf } from '../cardMetadata.js';
import { flag, type HubState } from '../http/context.js';
import { json, refuse } from '../http/reply.js';
import type { Route } from '../http/router.js';
import type { CommitRecord } from '../store/commitRecord.js';
import { pointerText } from '../git/pointer.js';
import type { RepoRecord } from '../store/repoRecord.js';
import { readText } from '../store/readText.js';
import { openRepo, openRevision } from './openRepo.js';

/** What `expand` may ask for but this hub knows nothing about. */
const UNKNOWN_HERE = [
  'baseModels',
  'childrenModelCount',
  'config',
  'downloadsAllTime',
  'gguf',
  'gitalyUid',
  'inference',
  'inferenceProviderMapping',
  'mask_token',
  'model-index',
  'resourceGroup',
  'safetensors',
  'spaces',
  'transformersInfo',
  'trendingScore',
  'widgetData',
  'xetEnabled',
];

type Description = Readonly<Record<string, unknown>>;

const describeModel = async (hub: HubState, repo: RepoRecord, commit: CommitRecord, withBlobs: boolean): Promise<Description> => {
  const card = parseCard(await readText(hub.store.objects, commit, 'README.md')).data;
  const siblings = [...commit.files].map(([rfilename, { oid, size, lfs }]) => ({
    rfilename,
    ...(withBlobs ? { blobId: oid, size } : {}),
    ...(withBlobs && lfs !== undefined ? { lfs: { sha256: lfs, size, pointerSize: pointerText(lfs, size).length } } : {}),
  }));
  return {
    _id: repo.objectId,
    id: repo.id,
    modelId: repo.id,
    author: repo.id.split('/')[0],
    sha: commit.id,
    private: repo.private,
    gated: repo.gated,
    disabled: false,
    downloads: 0,
    likes: 0,
    tags: tagsOf(card),
    ...(typeof card?.['library_name'] === 'string' ? { library_name: card['library_name'] } : {}),
    ...(typeof card?.['pipeline_tag'] === 'string' ? { pipeline_tag: card['pipeline_tag'] } : {}),
    lastModified: new Date(repo.lastModified).toISOString(),
    createdAt: new Date(repo.createdAt).toISOString(),
    ...(card === undefined ? {} : { cardData: card }),
    siblings,
    usedStorage: [...commit.files.values()].reduce((sum, { size }) => sum + size, 0),
  };
};

const modelInfo: Pick<Route, 'operation' | 'method' | 'guard' | 'handle'> = {
  operation: 'model-info',
  method: 'GET',
  guard: 'token',
  handle: async (context) => {
    const repo = await openRepo(context);
    const commit = await openRevision(context, repo);
    const info = await describeModel(context.hub, repo, commit, flag(context, 'blobs'));
    const wanted = [...context.query.getAll('expand'), ...context.query.getAll('expand[]')];
    if (wanted.length === 0) return json(200, info);
    const known = new Set([...Object.keys(info), 'cardData', 'library_name', 'pipeline_tag', ...UNKNOWN_HERE]);
    const unknown = wanted.find((name) => !known.has(name));
    if (unknown !== undefined) throw refuse(400, `"expand" must be one of [${[...known].join(', ')}], not ${unknown}`);
    return json(200, Object.fromEntries(Object.entries(info).filter(([name]) => ['_id', 'id', ...wanted].includes(name))));
  },
};

export const modelInfoRoutes: readonly Route[] = [
  { ...modelInfo, path: '/api/models/:owner/:name' },
  { ...modelInfo, path: '/api/models/:owner/:name/revision/:rev' },
];
