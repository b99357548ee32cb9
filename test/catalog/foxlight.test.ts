import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { artifactsOf } from '../../catalog/artifacts.js';
import { findEntry, loadCatalog } from '../../catalog/load.js';

const catalog = await loadCatalog({ cwd: tmpdir() });

/** Key, source, tier, slice, output and further fields. */
const TABLE: readonly (readonly [string, string, string, string, string, Readonly<Record<string, string>>?])[] = [
  ['gemma-3-4b-full-q4-k', 'google/gemma-3-4b-it', 'smoke', 'full', 'gemma-3-4b-it-full-q4-k'],
  ['llama-3-2-3b-full-q4-k', 'meta-llama/Llama-3.2-3B-Instruct', 'smoke', 'full', 'llama-3-2-3b-instruct-full-q4-k'],
  ['qwen-2-5-7b-full-q4-k', 'Qwen/Qwen2.5-7B-Instruct', 'smoke', 'full', 'qwen-2-5-7b-instruct-full-q4-k'],
  ['gemma-4-26b-a4b-full-q4-k', 'google/gemma-4-26b-a4b-it', 'moe', 'full', 'gemma-4-26b-a4b-it-full-q4-k'],
  ['gemma-4-26b-a4b-expert-server-q4-k', 'google/gemma-4-26b-a4b-it', 'moe', 'expert-server', 'gemma-4-26b-a4b-it-expert-server-q4-k'],
  ['mixtral-8x7b-full-q4-k', 'mistralai/Mixtral-8x7B-Instruct-v0.1', 'moe', 'full', 'mixtral-8x7b-instruct-v0-1-full-q4-k'],
  [
    'mixtral-8x7b-expert-server-q4-k',
    'mistralai/Mixtral-8x7B-Instruct-v0.1',
    'moe',
    'expert-server',
    'mixtral-8x7b-instruct-v0-1-expert-server-q4-k',
  ],
  ['mixtral-8x22b-full-q4-k', 'mistralai/Mixtral-8x22B-Instruct-v0.1', 'moe', 'full', 'mixtral-8x22b-instruct-v0-1-full-q4-k'],
  [
    'mixtral-8x22b-expert-server-q4-k',
    'mistralai/Mixtral-8x22B-Instruct-v0.1',
    'moe',
    'expert-server',
    'mixtral-8x22b-instruct-v0-1-expert-server-q4-k',
  ],
  [
    'qwen3-5-9b-full-q4-k',
    'mlx-community/Qwen3.5-9B-OptiQ-4bit',
    'smoke',
    'full',
    'qwen3-5-9b-full-q4-k',
    { mtp_source_repo: 'Qwen/Qwen3.5-9B-Base', mtp_sidecar_repo: 'FoxlightAI/qwen3-5-9b-base-mtp' },
  ],
  [
    'qwen3-6-35b-a3b-full-q4-k',
    'mlx-community/Qwen3.6-35B-A3B-4bit',
    'moe',
    'full',
    'qwen3-6-35b-a3b-full-q4-k',
    { mtp_source_repo: 'Qwen/Qwen3.6-35B-A3B', mtp_sidecar_repo: 'FoxlightAI/qwen3-6-35b-a3b-mtp' },
  ],
  [
    'gemma-4-31b-full-q4-k',
    'google/gemma-4-31B-it',
    'smoke',
    'full',
    'gemma-4-31b-it-full-q4-k',
    { assistant_model_repo: 'google/gemma-4-31B-it-assistant' },
  ],
];

it('the built-in source has exactly these twelve entries', () => {
  const expected = TABLE.map(([key, source_model, tier, slice, output, more = {}]) => [
    `foxlight/${key}`,
    {
      key,
      source_model,
      quant: 'q4k',
      slices: [slice],
      tier,
      output_name: `${output}.vindex`,
      hf_repo: `FoxlightAI/${output}-vindex`,
      hf_collection: 'FoxlightAI/vindexes-6a124406dd5fb439c431b051',
      ...more,
    },
  ]);
  expect([...catalog.entries].map(([name, { entry }]) => [name, entry])).toEqual(expected);
});

it.each([
  ['foxlight/qwen3-5-9b-full-q4-k', 'Qwen/Qwen3.5-9B-Base', 'FoxlightAI/qwen3-5-9b-base-mtp'],
  ['foxlight/qwen3-6-35b-a3b-full-q4-k', 'Qwen/Qwen3.6-35B-A3B', 'FoxlightAI/qwen3-6-35b-a3b-mtp'],
])('%s has a vindex and a sidecar', (name, source, target) => {
  expect(artifactsOf(findEntry(catalog, name).entry)).toMatchObject([{ kind: 'vindex' }, { kind: 'mtp', source, target }]);
});

it('an assistant is a reference and no artifact', () => {
  const { entry } = findEntry(catalog, 'foxlight/gemma-4-31b-full-q4-k');
  expect(entry.assistant_model_repo).toBe('google/gemma-4-31B-it-assistant');
  expect(artifactsOf(entry).map(({ kind }) => kind)).toEqual(['vindex']);
});

it('an entry is found by its key, and a misspelling gets the nearest name as a hint', () => {
  expect(findEntry(catalog, 'mixtral-8x7b-full-q4-k').name).toBe('foxlight/mixtral-8x7b-full-q4-k');
  expect(() => findEntry(catalog, 'foxlight/qwen3-5-9b-ful-q4-k')).toThrow(
    expect.objectContaining({ code: 'catalog/unknown-entry', hint: expect.stringContaining('foxlight/qwen3-5-9b-full-q4-k') }),
  );
});
