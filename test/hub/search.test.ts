import { afterEach, describe, expect, it } from 'vitest';
import { quantizedFrom } from '../../hub/read/lineage.js';
import { searchModels } from '../../hub/read/search.js';
import { config, startTestHub, signal, tiny, type TestHub, type TinyServer } from './support.js';

let server: TinyServer | undefined;
let test: TestHub | undefined;
afterEach(async () => {
  await server?.close();
  await test?.close();
  server = undefined;
  test = undefined;
});

const never = (): boolean => false;
const answering = async (page: unknown, link?: (at: number) => string) => {
  let at = 0;
  server = await tiny((_, answer) => {
    at += 1;
    if (link !== undefined) answer.setHeader('link', link(at));
    answer.end(JSON.stringify(page));
  });
  return { hub: config(server.url), requestCount: () => at };
};

describe('a search', () => {
  it('is answered by the local hub, and reads every page', async () => {
    test = await startTestHub({ pageSize: 2 });
    for (const [at, name] of ['a', 'b', 'c'].entries()) {
      await test.hub.admin.createRepo(`labs/tiny-${name}`, { downloads: at, gated: at === 0 ? 'auto' : false });
      await test.hub.admin.commitFiles(`labs/tiny-${name}`, new Map([['model.safetensors', Buffer.from('x')]]), { message: 'x' });
    }
    await test.hub.admin.createRepo('labs/tiny-empty');
    const found = await searchModels(test.client, { query: 'tiny', author: 'Labs', sort: 'downloads' }, { signal }, never);
    expect(found.map(({ repo, downloads, gated }) => [repo, downloads, gated])).toEqual([
      ['labs/tiny-c', 2, false],
      ['labs/tiny-b', 1, false],
      ['labs/tiny-a', 0, true],
    ]);
    expect(found[0]).toMatchObject({
      tags: ['safetensors', 'region:us'],
      task: null,
      private: false,
      updated: expect.stringMatching(/^20/),
    });
  });

  it('requests no more pages than needed', async () => {
    const { hub, requestCount } = await answering([{ id: 'a/b' }, { id: 'a/c' }], (at) => `</api/models?cursor=${at}>; rel="next"`);
    const found = await searchModels(hub, { sort: 'likes' }, { signal }, (models) => models.length >= 3);
    expect([found.length, requestCount()]).toEqual([4, 2]);
  });

  it('skips models with invalid names, and ignores invalid fields', async () => {
    const { hub } = await answering([
      { id: 'gpt2' },
      { id: '../../x' },
      { id: 'a/b', downloads: -1, likes: 'many', gated: {}, tags: [1], lastModified: 'soon', pipeline_tag: 7 },
    ]);
    expect(await searchModels(hub, { sort: 'likes' }, { signal }, never)).toEqual([
      { repo: 'a/b', downloads: 0, likes: 0, gated: false, private: false, updated: null, task: null, tags: [] },
    ]);
  });

  it('strips control characters from tags and tasks', async () => {
    const { hub } = await answering([{ id: 'a/b', tags: ['x\u001b[2J\ny'], pipeline_tag: '\u202etext' }]);
    expect(await searchModels(hub, { sort: 'likes' }, { signal }, never)).toMatchObject([{ tags: ['x [2J y'], task: 'text' }]);
  });

  it.each([['{}'], ['no list']])('refuses a response such as %j', async (page) => {
    const { hub } = await answering(page);
    await expect(searchModels(hub, { sort: 'likes' }, { signal }, never)).rejects.toMatchObject({ code: 'hub/bad-answer' });
  });
});

it('reads the source of a quantised model only from its quantized tags', () => {
  expect(
    quantizedFrom(['base_model:a/b', 'base_model:quantized:a/b', 'base_model:finetune:c/d', 'base_model:quantized:../x', 'mlx']),
  ).toEqual(['a/b']);
});
