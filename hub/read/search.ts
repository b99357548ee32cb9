import { z } from 'zod';
import { RepoId } from '../../core/ids.js';
import { sanitizeLine } from '../../core/text.js';
import { hubUrl, type CallOptions } from '../call.js';
import type { Hub } from '../hub.js';
import { readPages } from './paging.js';

/** A model as the Hub lists it. */
export interface ListedModel {
  readonly repo: RepoId;
  readonly downloads: number;
  readonly likes: number;
  readonly gated: boolean;
  readonly private: boolean;
  /** ISO 8601; null if the list does not state it. */
  readonly updated: string | null;
  readonly task: string | null;
  readonly tags: readonly string[];
}

export interface ModelSearch {
  /** Words of the repository's name. */
  readonly query?: string;
  readonly author?: string;
  readonly sort: 'downloads' | 'likes' | 'trendingScore' | 'lastModified' | 'createdAt';
}

const PAGE = 100;
/** A search ends long before these limits; they stop a server that sends pages forever. */
const LIMITS = { pages: 1_000, items: 100_000 };
const FIELDS = ['downloads', 'likes', 'gated', 'private', 'lastModified', 'pipeline_tag', 'tags'];
const MAX_TAGS = 200;

const Tag = z.string().transform((tag) => sanitizeLine(tag, 100));

const Row = z.object({
  /** The oldest models have a name without an owner, which a catalog entry cannot contain. */
  id: RepoId.nullable().catch(null),
  downloads: z.int().nonnegative().catch(0),
  likes: z.int().nonnegative().catch(0),
  gated: z.union([z.boolean(), z.string()]).catch(false),
  private: z.boolean().catch(false),
  lastModified: z.iso.datetime().nullable().catch(null),
  pipeline_tag: Tag.nullable().catch(null),
  tags: z
    .array(Tag)
    .transform((tags) => tags.slice(0, MAX_TAGS))
    .catch([]),
});

const toListedModels = ({ id, gated, lastModified, pipeline_tag: task, ...rest }: z.infer<typeof Row>): ListedModel[] =>
  id === null ? [] : [{ repo: id, ...rest, gated: gated !== false, updated: lastModified, task }];

/**
 * Searches models that have safetensors, in descending order of `sort`.
 *
 * @param stop receives all models so far before each page, and returns true to end the search
 */
export const searchModels = async (
  hub: Hub,
  { query, author, sort }: ModelSearch,
  options: CallOptions,
  stop: (models: readonly ListedModel[]) => boolean,
): Promise<ListedModel[]> => {
  const search = new URLSearchParams({
    ...(query === undefined ? {} : { search: query }),
    ...(author === undefined ? {} : { author }),
    filter: 'safetensors',
    sort,
    direction: '-1',
    limit: String(PAGE),
  });
  for (const field of FIELDS) search.append('expand', field);
  const url = hubUrl(hub, `/api/models?${search.toString()}`);
  return (await readPages(hub, url, Row, LIMITS, options, (rows) => stop(rows.flatMap(toListedModels)))).flatMap(toListedModels);
};
