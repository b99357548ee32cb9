import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { artifactsOf } from '../../catalog/artifacts.js';
import { findEntry, loadCatalog } from '../../catalog/load.js';

const catalog = await loadCatalog({ cwd: tmpdir() });

it('has the twelve entries, in their tiers', () => {
  const entries = [...catalog.entries.values()];
  expect(entries).toHaveLength(12);
  expect(entries.filter(({ entry }) => entry.tier === 'smoke')).toHaveLength(5);
  for (const { name, entry } of entries) {
    expect(entry).toMatchObject({ quant: 'q4k', hf_collection: 'FoxlightAI/vindexes-6a124406dd5fb439c431b051' });
    expect(entry.hf_repo).toBe(`FoxlightAI/${entry.output_name!.replace(/\.vindex$/, '')}-vindex`);
    expect(name).toBe(`foxlight/${entry.key}`);
  }
});

it.each([
  ['foxlight/qwen3-5-9b-full-q4-k', 'Qwen/Qwen3.5-9B-Base', 'FoxlightAI/qwen3-5-9b-base-mtp'],
  ['foxlight/qwen3-6-35b-a3b-full-q4-k', 'Qwen/Qwen3.6-35B-A3B', 'FoxlightAI/qwen3-6-35b-a3b-mtp'],
])('%s has a vindex and a sidecar', (name, source, target) => {
  expect(artifactsOf(findEntry(catalog, name).entry)).toMatchObject([{ kind: 'vindex' }, { kind: 'mtp', source, target }]);
});

it('an assistant is a pointer and no artifact', () => {
  const { entry } = findEntry(catalog, 'foxlight/gemma-4-31b-full-q4-k');
  expect(entry.assistant_model_repo).toBe('google/gemma-4-31B-it-assistant');
  expect(artifactsOf(entry).map(({ kind }) => kind)).toEqual(['vindex']);
});

it('finds an entry by its key alone, and names the nearest for a misspelling', () => {
  expect(findEntry(catalog, 'mixtral-8x7b-full-q4-k').name).toBe('foxlight/mixtral-8x7b-full-q4-k');
  expect(() => findEntry(catalog, 'foxlight/qwen3-5-9b-ful-q4-k')).toThrow(expect.objectContaining({ code: 'catalog/unknown-entry', hint: expect.stringContaining('foxlight/qwen3-5-9b-full-q4-k') }));
});
