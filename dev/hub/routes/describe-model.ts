import { parseCard, tagsOf } from '../card-metadata.js';
import type { HubState } from '../http/context.js';
import { pointerText } from '../git/pointer.js';
import { refuse } from '../http/reply.js';
import type { CommitRecord } from '../store/commit-record.js';
import { readText } from '../store/read-text.js';
import type { RepoRecord } from '../store/repo-record.js';

/** Valid names for `expand` for which this hub has no data. */
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
  'widgetData',
  'xetEnabled',
];

export type Description = Readonly<Record<string, unknown>>;

export const describeModel = async (hub: HubState, repo: RepoRecord, commit: CommitRecord, withBlobs: boolean): Promise<Description> => {
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
    downloads: repo.downloads,
    likes: repo.likes,
    trendingScore: 0,
    tags: tagsOf(card, commit.files.keys()),
    ...(typeof card?.['library_name'] === 'string' ? { library_name: card['library_name'] } : {}),
    ...(typeof card?.['pipeline_tag'] === 'string' ? { pipeline_tag: card['pipeline_tag'] } : {}),
    lastModified: new Date(repo.lastModified).toISOString(),
    createdAt: new Date(repo.createdAt).toISOString(),
    ...(card === undefined ? {} : { cardData: card }),
    siblings,
    usedStorage: [...commit.files.values()].reduce((sum, { size }) => sum + size, 0),
  };
};

/** Fields of every response, whatever `expand` requests. */
const ALWAYS = ['_id', 'id'];

/** Returns only the fields that `expand` requests, or undefined without `expand`. Refuses an unknown name. */
export const expanded = (query: URLSearchParams, whole: Description): Description | undefined => {
  const wanted = [...query.getAll('expand'), ...query.getAll('expand[]')];
  if (wanted.length === 0) return undefined;
  const known = new Set([...Object.keys(whole), 'cardData', 'library_name', 'pipeline_tag', ...UNKNOWN_HERE]);
  const unknown = wanted.find((name) => !known.has(name));
  if (unknown !== undefined) throw refuse(400, `"expand" must be one of [${[...known].join(', ')}], not ${unknown}`);
  return Object.fromEntries(Object.entries(whole).filter(([name]) => [...ALWAYS, ...wanted].includes(name)));
};
