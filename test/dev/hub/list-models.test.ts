import { listModels } from '@huggingface/hub';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { LocalHub } from '../../../dev/hub/index.js';
import { call, jsonOf, READER, startHub, STRANGER } from './hub-fixture.js';

const card = (fields: string): Buffer => Buffer.from(`---\n${fields}---\n# x\n`);

const withModels = async (options: Parameters<typeof startHub>[0] = {}): Promise<LocalHub> => {
  const hub = await startHub(options);
  const put = async (repo: string, over: object, files: Record<string, Buffer>): Promise<void> => {
    await hub.admin.createRepo(repo, over);
    await hub.admin.commitFiles(repo, new Map(Object.entries(files)), { message: 'files' });
  };
  const weights = Buffer.from('x');
  await put(
    'Qwen/Qwen3.5-9B',
    { downloads: 50, likes: 7 },
    { 'model.safetensors': weights, 'README.md': card('license: apache-2.0\npipeline_tag: text-generation\n') },
  );
  await put(
    'mlx/Qwen3.5-9B-4bit',
    { downloads: 90 },
    { 'model.safetensors': weights, 'README.md': card('tags: [mlx]\nbase_model: Qwen/Qwen3.5-9B\nbase_model_relation: quantized\n') },
  );
  await put('bart/Qwen3.5-9B-GGUF', { downloads: 70 }, { 'q4.gguf': weights });
  await put('google/gemma-4-31B-it', { downloads: 60, gated: 'manual' }, { 'model.safetensors': weights });
  await put('Skulk/secret-qwen', { private: true }, { 'model.safetensors': weights });
  return hub;
};

const Rows = z.array(z.looseObject({ id: z.string(), tags: z.array(z.string()).optional() }));
const rows = async (hub: LocalHub, query: string, token?: typeof READER) =>
  jsonOf(await call(hub, `/api/models?${query}`, token === undefined ? {} : { token }), Rows);
const ids = async (...args: Parameters<typeof rows>): Promise<string[]> => (await rows(...args)).map(({ id }) => id);

describe('the list of models', () => {
  it('is sorted by the requested field, the highest first', async () => {
    const hub = await withModels();
    expect(await ids(hub, 'sort=downloads')).toEqual([
      'mlx/Qwen3.5-9B-4bit',
      'bart/Qwen3.5-9B-GGUF',
      'google/gemma-4-31B-it',
      'Qwen/Qwen3.5-9B',
    ]);
    expect((await ids(hub, 'sort=likes&direction=-1'))[0]).toBe('Qwen/Qwen3.5-9B');
    expect((await ids(hub, 'sort=downloads&direction=1'))[0]).toBe('Qwen/Qwen3.5-9B');
  });

  it.each([
    ['search=qwen3.5&author=Qwen', ['Qwen/Qwen3.5-9B']],
    ['search=QWEN gguf', ['bart/Qwen3.5-9B-GGUF']],
    ['author=MLX', ['mlx/Qwen3.5-9B-4bit']],
    ['filter=safetensors&filter=mlx', ['mlx/Qwen3.5-9B-4bit']],
    ['filter=license:apache-2.0', ['Qwen/Qwen3.5-9B']],
    ['filter=base_model:quantized:Qwen/Qwen3.5-9B', ['mlx/Qwen3.5-9B-4bit']],
    ['pipeline_tag=text-generation', ['Qwen/Qwen3.5-9B']],
    ['gated=true', ['google/gemma-4-31B-it']],
    ['search=nothing', []],
  ])('answers %s with the models that match every condition', async (query, expected) => {
    expect(await ids(await withModels(), query)).toEqual(expected);
  });

  it('shows private models only to their owners', async () => {
    const hub = await withModels();
    expect(await ids(hub, 'search=secret', READER)).toEqual(['Skulk/secret-qwen']);
    expect(await ids(hub, 'search=secret', STRANGER)).toEqual([]);
    expect(await ids(hub, 'search=secret')).toEqual([]);
  });

  it('has few fields, more with full, and the requested ones with expand', async () => {
    const hub = await withModels();
    const fields = async (query: string): Promise<string[]> => Object.keys((await rows(hub, `author=Qwen&${query}`))[0] ?? {}).toSorted();
    expect(await fields('')).not.toContain('gated');
    expect(await fields('full=true')).toEqual(expect.arrayContaining(['gated', 'lastModified', 'sha', 'siblings']));
    expect(await fields('cardData=true')).toContain('cardData');
    expect(await fields('expand=tags&expand[]=gated')).toEqual(['_id', 'gated', 'id', 'tags']);
  });

  it('pages by Link, with the same query on every page', async () => {
    const hub = await withModels();
    const seen: unknown[] = [];
    let next: string | undefined = '/api/models?sort=downloads&limit=2&filter=safetensors&expand=downloads&expand=gated';
    for (; next !== undefined;) {
      const page = await call(hub, next);
      seen.push(...(await jsonOf(page, Rows)).map((row) => [row.id, Object.keys(row).toSorted().join()]));
      next = /<(.*)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
    }
    expect(seen).toEqual(['mlx/Qwen3.5-9B-4bit', 'google/gemma-4-31B-it', 'Qwen/Qwen3.5-9B'].map((id) => [id, '_id,downloads,gated,id']));
  });

  it.each([
    'limit=0',
    'limit=many',
    'sort=size',
    'direction=down',
    'expand=nonsense',
    'cursor=zz',
    'serach=x',
    'sort=likes&sort=likes',
    'gated=maybe',
  ])('refuses %s', async (query) => {
    expect((await call(await withModels(), `/api/models?${query}`)).status).toBe(400);
  });

  it('is read by @huggingface/hub', async () => {
    const hub = await withModels({ pageSize: 2 });
    const found = [];
    for await (const model of listModels({
      hubUrl: hub.url,
      search: { query: 'qwen', tags: ['safetensors'] },
      sort: 'downloads',
      additionalFields: ['tags', 'filePaths'],
      accessToken: READER.token,
    }))
      found.push([model.name, model.downloads, model.gated, model.filePaths.includes('model.safetensors')]);
    expect(found).toEqual([
      ['mlx/Qwen3.5-9B-4bit', 90, false, true],
      ['Qwen/Qwen3.5-9B', 50, false, true],
      ['Skulk/secret-qwen', 0, false, true],
    ]);
  });
});
