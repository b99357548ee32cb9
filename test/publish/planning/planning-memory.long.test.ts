import { execa } from 'execa';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { indexEntries, serveHostile, tensorEntries, type HostileRepo } from '../hostile-hub.js';

/** The docs promise this limit for a worker. */
const LIMIT_MB = 256;
const Outcome = z.object({
  action: z.string(),
  blocked: z.array(z.string()),
  checks: z.array(z.string()),
  beforeMb: z.number(),
  residentMb: z.number(),
});

const plan = async (kind: 'mtp' | 'vindex' | 'vision', repo: HostileRepo): Promise<z.infer<typeof Outcome>> => {
  const hub = await serveHostile(repo);
  onTestFinished(hub.close);
  const script = new URL('planning_memory.mjs', import.meta.url).pathname;
  const { stdout } = await execa(process.execPath, [script, hub.url, kind]);
  return Outcome.parse(JSON.parse(stdout));
};

const shards = (count: number, text: (shard: number) => Iterable<string>): HostileRepo['files'] =>
  Object.fromEntries(Array.from({ length: count }, (_, shard) => [`model-${shard}.safetensors`, () => text(shard)]));
const json = (value: unknown) => () => [JSON.stringify(value)];
const LLAMA = {
  model_type: 'llama',
  num_hidden_layers: 32,
  hidden_size: 4096,
  intermediate_size: 11008,
  num_attention_heads: 32,
  num_key_value_heads: 32,
};
const MOE = { ...LLAMA, model_type: 'qwen3_moe', num_experts: 128, moe_intermediate_size: 768, num_hidden_layers: 48 };
const LONG = 'x'.repeat(900);

describe('planning from a hostile listing stays within the memory limit and', () => {
  const row = (path: string): string => JSON.stringify({ type: 'file', path, oid: '0'.repeat(40), size: 1 });
  function* page(count: number, nameOf: (at: number) => string): Iterable<string> {
    for (let at = 0; at < count; at += 1) yield `${at === 0 ? '[' : ','}${row(nameOf(at))}${at === count - 1 ? ']' : ''}`;
  }
  const endless = (rows: number, nameOf: (at: number) => string): HostileRepo => ({
    files: {},
    listing: (request) => {
      const at = Number(request.searchParams.get('at') ?? 0) + 1;
      return { pieces: () => page(rows, (number) => `${at}/${nameOf(number)}`), next: `${request.pathname}?at=${at}` };
    },
  });

  it.each<[string, HostileRepo]>([
    ['refuses endless pages', endless(1000, (at) => `a${at}`)],
    ['refuses endless pages of long names', endless(1000, (at) => `${LONG}${at}`)],
    ['refuses a page of millions of rows', { files: {}, listing: () => ({ pieces: () => page(2_500_000, (at) => `a${at}`) }) }],
    ['refuses a page of a million empty rows', { files: {}, listing: () => ({ pieces: () => [`[${'{},'.repeat(1_390_000)}{}]`] }) }],
  ])(
    '%s',
    async (_, repo) => {
      const { action, blocked, residentMb } = await plan('vision', repo);
      expect([action, blocked[0]?.split(':')[0]]).toEqual(['blocked', expect.stringMatching(/^hub-(listing-too-long|bad-answer)$/)]);
      expect(residentMb).toBeLessThan(LIMIT_MB);
    },
    300_000,
  );

  it.each<['mtp' | 'vision', string]>([
    ['mtp', 'mtp-none-found'],
    ['vision', 'plan-size'],
  ])(
    'reads the names of as many files as a repository may have, for %s',
    async (kind, code) => {
      const { blocked, residentMb } = await plan(kind, {
        files: {},
        listing: (request) => {
          const at = Number(request.searchParams.get('at') ?? 0);
          return {
            pieces: () => page(1000, (number) => `${LONG.slice(0, 150)}/${at}/${number}`),
            ...(at < 99 ? { next: `${request.pathname}?at=${at + 1}` } : {}),
          };
        },
      });
      expect(blocked.join()).toContain(code);
      expect(residentMb).toBeLessThan(LIMIT_MB);
    },
    300_000,
  );
});

describe('planning from hostile headers stays within the memory limit and', () => {
  it.each<[string, 'mtp' | 'vindex', () => HostileRepo, string]>([
    [
      'refuses two shards with a million tensors each',
      'mtp',
      () => ({ files: shards(2, (shard) => tensorEntries(1_000_000, (at) => `model.${shard}.${at}`)) }),
      'formats-tensor-count',
    ],
    [
      'refuses endless heads',
      'mtp',
      () => ({
        files: {
          'config.json': json({ model_type: 'qwen3_next' }),
          ...shards(3, (shard) => tensorEntries(90_000, (at) => `mtp.layers.${shard}.mlp.experts.${at}.up_proj.weight`)),
        },
      }),
      'formats-tensor-count',
    ],
    [
      'refuses more tensors over all shards than a checkpoint may have',
      'vindex',
      () => ({ files: { 'config.json': json(LLAMA), ...shards(5, (shard) => tensorEntries(90_000, (at) => `model.${shard}.${at}`)) } }),
      'formats-tensor-count',
    ],
    [
      'refuses names that are too long in total',
      'mtp',
      () => ({ files: shards(2, (shard) => tensorEntries(90_000, (at) => `\u0101${LONG}.${shard}.${at}`)) }),
      'formats-bad-json',
    ],
    [
      'refuses an index of too many tensors',
      'mtp',
      () => ({
        files: {
          'model.safetensors.index.json': () =>
            indexEntries(
              600_000,
              (at) => `a.${at}`,
              () => 'model.safetensors',
            ),
        },
      }),
      'formats-bad-json',
    ],
    [
      'refuses an index of too many files',
      'vindex',
      () => ({
        files: {
          'config.json': json(LLAMA),
          'model.safetensors.index.json': () =>
            indexEntries(
              200_000,
              (at) => `a.${at}`,
              (at) => `${'d'.repeat(200)}${at}.safetensors`,
            ),
        },
      }),
      'formats-index-files',
    ],
    [
      'refuses an index that is too large',
      'vindex',
      () => ({
        files: {
          'config.json': json(LLAMA),
          'model.safetensors.index.json': () =>
            indexEntries(
              120_000,
              (at) => `${LONG}${at}`,
              () => 'model.safetensors',
            ),
        },
      }),
      'formats-index-size',
    ],
  ])(
    '%s',
    async (_, kind, repo, code) => {
      const { action, blocked, residentMb } = await plan(kind, repo());
      expect([action, blocked[0]?.split(':')[0]]).toEqual(['blocked', code]);
      expect(residentMb).toBeLessThan(LIMIT_MB);
    },
    300_000,
  );

  it.each<[string, 'mtp' | 'vindex', () => HostileRepo]>([
    [
      'reads many shards with as many tensors as one may have',
      'mtp',
      () => ({ files: shards(6, (shard) => tensorEntries(100_000, (at) => `model.${shard}.${at}.weight`)) }),
    ],
    [
      'keeps as many heads as one checkpoint may have',
      'mtp',
      () => ({
        files: {
          'config.json': json({ model_type: 'qwen3_next' }),
          ...shards(2, (shard) => tensorEntries(10_000, (at) => `mtp.layers.${shard}.mlp.experts.${at}.up_proj.weight`, '[0,7]')),
        },
      }),
    ],
    [
      'keeps as many tensors of a model as one may have',
      'vindex',
      () => ({
        files: {
          'config.json': json(MOE),
          'tokenizer.json': json({}),
          ...shards(3, (shard) =>
            tensorEntries(33_000, (at) => `model.layers.${shard}.mlp.experts.${at}.up_proj.weight`, `[${'1,'.repeat(7)}0]`),
          ),
        },
      }),
    ],
    [
      'reads a config of as many experts as a model may have',
      'vindex',
      () => ({
        files: {
          'config.json': json({ ...MOE, num_hidden_layers: 64, num_experts: 1024 }),
          'tokenizer.json': json({}),
          ...shards(1, () => tensorEntries(1000, (at) => `model.${at}`)),
        },
      }),
    ],
    ['reads a config of empty lists', 'vindex', () => ({ files: { 'config.json': () => [`[${'[],'.repeat(1_390_000)}0]`] } })],
  ])(
    '%s',
    async (_, kind, repo) => {
      const { blocked, residentMb } = await plan(kind, repo());
      expect(blocked.join()).not.toContain('tensor-count');
      expect(residentMb).toBeLessThan(LIMIT_MB);
    },
    300_000,
  );
});
