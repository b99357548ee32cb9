import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLocalHub, type LocalHub } from '../../../dev/hub/index.js';
import { machineWithClock } from '../../support/machine.js';
import { swp } from '../../support/swp.js';

let cwd: string;
let hub: LocalHub;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'swp-find-'));
  hub = await startLocalHub({ directory: join(cwd, 'hub'), tokens: [], machine: machineWithClock({ now: () => Date.UTC(2026, 10, 1) }) });
  const put = async (repo: string, downloads: number, card: string, over: object = {}): Promise<void> => {
    await hub.admin.createRepo(repo, { downloads, likes: downloads / 10, ...over });
    const files = new Map([
      ['model.safetensors', Buffer.from('x')],
      ['README.md', Buffer.from(`---\n${card}\n---\n`)],
    ]);
    await hub.admin.commitFiles(repo, files, { message: 'files' });
  };
  const text = 'pipeline_tag: text-generation\nlicense: apache-2.0';
  await put('Qwen/Qwen3.5-9B', 900, `${text}\ntags: [qwen3_5, conversational]\nbase_model: Qwen/Qwen3.5-9B-Base`);
  await put('Qwen/Qwen3.5-9B-Base', 500, text);
  await put('mlx/Qwen3.5-9B-4bit', 700, `${text}\ntags: [mlx]\nbase_model: Qwen/Qwen3.5-9B\nbase_model_relation: quantized`);
  await put('someone/Qwen3.5-9B-poet', 300, `${text}\nbase_model: Qwen/Qwen3.5-9B`);
  await put('meta/qwenlike', 100, 'pipeline_tag: text-generation\nlicense: other\ntags: ["\\e[2J\\u202eevil"]', { gated: 'manual' });
  await put('art/qwen-image', 50, 'pipeline_tag: text-to-image');
  await writeFile(join(cwd, 'skulk-weights.yaml'), 'sources:\n  - name: acme\n    path: mine.yaml\n');
  await writeFile(join(cwd, 'mine.yaml'), 'models: []\n');
});
afterAll(async () => {
  await hub.close();
  await rm(cwd, { recursive: true, force: true });
});

const find = (argv: readonly string[], terminal = false) =>
  swp(['catalog', 'find', ...argv], { cwd, terminal, env: { HF_ENDPOINT: hub.url, HOME: cwd, NO_COLOR: '1' } });

describe('swp catalog find', () => {
  it.each([
    ['help', ['--help'], false],
    ['terminal', ['qwen'], true],
    ['plain', ['qwen'], false],
    ['json', ['qwen', '--limit', '1', '--json'], false],
    ['all', ['qwen', '--all'], true],
    ['nothing', ['nowhere'], true],
    ['bad-limit', ['--limit', '0'], false],
    ['bad-sort', ['--sort', 'size'], false],
  ] as [string, string[], boolean][])('prints the golden %s', async (name, argv, terminal) => {
    const { code, out, err } = await find(argv, terminal);
    await expect(`exit ${code}\n--- stdout\n${out}--- stderr\n${err}`.replaceAll(hub.url, '<hub>')).toMatchFileSnapshot(
      `goldens/catalog-find-${name}.txt`,
    );
  });

  it('leaves out models that the built-in entries read', async () => {
    const { out } = await find(['--author', 'Qwen', '--json']);
    expect((JSON.parse(out) as { models: { repo: string }[] }).models.map(({ repo }) => repo)).toEqual(['Qwen/Qwen3.5-9B']);
  });

  it('sorts by likes with --sort likes', async () => {
    const { out } = await find(['qwen', '--all', '--sort', 'likes', '--json']);
    const likes = (JSON.parse(out) as { models: { likes: number }[] }).models.map((model) => model.likes);
    expect(likes).toEqual([90, 70, 50, 30, 10, 5]);
  });

  it('exits 5 when no Hub answers', async () => {
    const { code, out } = await swp(['catalog', 'find'], { cwd, env: { HF_ENDPOINT: 'http://127.0.0.1:1', HOME: cwd } });
    expect([code, out]).toEqual([5, '']);
  });
});
