import { describe, expect, it } from 'vitest';
import { tmpdir } from 'node:os';
import { loadCatalog } from '../../../catalog/load.js';
import { RepoId } from '../../../core/ids.js';
import { knownRepos, unfitReasonOf } from '../../../plan/proposal/candidate.js';
import type { ListedModel } from '../../../hub/read/search.js';

const model = (repo: string, tags: readonly string[], over: Partial<ListedModel> = {}): ListedModel => ({
  repo: RepoId.parse(repo),
  downloads: 0,
  likes: 0,
  gated: false,
  private: false,
  updated: null,
  task: 'text-generation',
  tags: ['safetensors', ...tags],
  ...over,
});
const unfit = (...args: Parameters<typeof model>) => unfitReasonOf(model(...args), new Set(['labs/known']));

describe('a listed model', () => {
  it.each([
    ['an original', 'labs/a', []],
    [
      "an owner's fine-tune of its own base",
      'Qwen/Qwen3.5-9B',
      ['base_model:Qwen/Qwen3.5-9B-Base', 'base_model:finetune:Qwen/Qwen3.5-9B-Base'],
    ],
    ['an original that is published in FP8', 'deepseek-ai/DeepSeek-V3', ['fp8']],
    ['an original with packed experts', 'moonshotai/Kimi-K2.5', ['compressed-tensors']],
  ])('is a candidate when it is %s', (_, repo, tags) => {
    expect(unfit(repo, tags)).toBeNull();
  });

  it.each([
    ['quantised', ['base_model:quantized:labs/a']],
    ['quantised', ['GGUF']],
    ['quantised', ['mlx', '4-bit']],
    ['derived', ['base_model:finetune:other/base']],
    ['derived', ['base_model:merge:labs/a']],
    ['derived', ['base_model:adapter:labs/a', 'lora']],
  ])('is %s and not a candidate with the tags %j', (reason, tags) => {
    expect(unfit('labs/a', tags)).toBe(reason);
  });

  it.each([
    ['in the catalog', model('Labs/Known', [])],
    ['no safetensors', model('labs/a', [], { tags: [] })],
    ['no language model', model('labs/a', [], { task: 'text-to-image' })],
  ])('is not a candidate for the reason: %s', (reason, listed) => {
    expect(unfitReasonOf(listed, new Set(['labs/known']))).toBe(reason);
  });

  it('is a candidate without a task', () => {
    expect(unfit('labs/a', [], { task: null })).toBeNull();
  });
});

it('lists the sources, targets and assistants of a catalog as known', async () => {
  const known = knownRepos(await loadCatalog({ cwd: tmpdir() }));
  for (const repo of ['google/gemma-4-31b-it', 'foxlightai/qwen3-5-9b-base-mtp', 'qwen/qwen3.5-9b-base', 'google/gemma-4-31b-it-assistant'])
    expect(known).toContain(repo);
});
