import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { generateGemma4 } from '../../../dev/checkpoint/gemma4.js';
import { generateCheckpoint } from '../../../dev/checkpoint/generate.js';
import { generateLlama } from '../../../dev/checkpoint/llama.js';
import { generateVision } from '../../../dev/checkpoint/vision.js';
import { startLocalHub, type LocalHub } from '../../../dev/hub/index.js';
import { swp } from '../../support/swp.js';

const MINE = '# Ours.\nmodels: []  # none yet\n';

let cwd: string;
let hub: LocalHub;
const put = async (repo: string, files: ReadonlyMap<string, Uint8Array>, over: Record<string, string> = {}): Promise<void> => {
  await hub.admin.createRepo(repo);
  const all = new Map(files);
  for (const [path, text] of Object.entries(over)) all.set(path, Buffer.from(text));
  await hub.admin.commitFiles(repo, all, { message: 'A checkpoint' });
};
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'swp-add-'));
  hub = await startLocalHub({ directory: join(cwd, 'hub'), tokens: [] });
  await put('labs/Qwen3.5-tiny-Base', generateCheckpoint({ seed: 1, size: 'small' }).files);
  await put('labs/Tiny-Llama-Instruct', generateLlama({ seed: 1 }).files);
  const gemma = generateGemma4({ seed: 1 }).files;
  await put('labs/gemma-4-tiny-it', gemma);
  await put('labs/gemma-4-tiny-it-assistant', gemma, { 'config.json': '{"model_type": "gemma4_assistant"}' });
  await put('labs/eyes', generateVision({ seed: 1 }).files);
  const headless = generateCheckpoint({ seed: 1, size: 'small', withMtp: false }).files;
  await put('labs/headless', headless);
  const card = (relation: string): Record<string, string> => ({
    'README.md': `---\nbase_model: labs/Qwen3.5-tiny-Base\nbase_model_relation: ${relation}\n---\n`,
  });
  await put('mlx/Qwen3.5-tiny-4bit', headless, card('quantized'));
  await put('labs/Qwen3.5-tiny', headless, card('finetune'));
  await put('labs/evil', headless, { 'config.json': '{"model_type": "\\u001b[2J\\u202eevil", "num_hidden_layers": -1}' });
  await put('labs/broken', headless, { 'config.json': '{' });
  const settings = 'sources:\n  - name: acme\n    path: mine.yaml\n';
  await writeFile(join(cwd, 'skulk-weights.yaml'), settings);
  await writeFile(join(cwd, 'two.yaml'), `${settings}  - name: other\n    path: other.yaml\n`);
  await writeFile(join(cwd, 'other.yaml'), MINE);
  await writeFile(join(cwd, 'none.yaml'), '');
});
afterAll(async () => {
  await hub.close();
  await rm(cwd, { recursive: true, force: true });
});
beforeEach(() => writeFile(join(cwd, 'mine.yaml'), MINE));

const run = (...argv: string[]) => swp(argv, { cwd, env: { HF_ENDPOINT: hub.url, HOME: cwd, NO_COLOR: '1' } });
const add = (...argv: string[]) => run('catalog', 'add', ...argv);
const mine = (): Promise<string> => readFile(join(cwd, 'mine.yaml'), 'utf8');
const clean = (text: string): string =>
  text
    .replaceAll(cwd, '<cwd>')
    .replaceAll(hub.url, '<hub>')
    .replaceAll(/@ [0-9a-f]{12}/g, '@ <commit>')
    .replaceAll(/[0-9a-f]{40}/g, '<commit>');

describe('swp catalog add', () => {
  it.each([
    ['help', ['--help']],
    ['llama', ['labs/Tiny-Llama-Instruct', '--yes']],
    ['qwen', ['labs/Qwen3.5-tiny-Base', '--yes', '--json']],
    ['gemma-dry-run', ['labs/gemma-4-tiny-it', '--dry-run']],
    ['eyes-dry-run', ['labs/eyes', '--dry-run', '--namespace', 'Acme']],
    ['nothing', ['labs/headless', '--yes']],
    ['nothing-json', ['labs/headless', '--yes', '--json']],
    ['no-terminal', ['labs/headless']],
    ['bad-key', ['labs/Qwen3.5-tiny-Base', '--yes', '--key', 'Not a key']],
    ['unknown-field', ['labs/Qwen3.5-tiny-Base', '--yes', '--set', 'colour=red']],
    ['several-sources', ['labs/Qwen3.5-tiny-Base', '--yes', '--catalog', 'two.yaml']],
    ['no-source', ['labs/Qwen3.5-tiny-Base', '--yes', '--catalog', 'none.yaml']],
    ['no-repository', ['labs/nowhere', '--yes']],
    ['hostile', ['labs/evil', '--yes']],
  ] as [string, string[]][])('prints the golden %s', async (name, argv) => {
    const { code, out, err } = await add(...argv);
    await expect(`exit ${code}\n--- stdout\n${clean(out)}--- stderr\n${clean(err)}`).toMatchFileSnapshot(`goldens/catalog-add-${name}.txt`);
  });

  it('appends the entry that it prints to the file', async () => {
    const { code, out } = await add('labs/Qwen3.5-tiny-Base', '--yes');
    expect(code).toBe(0);
    expect(await mine()).toBe(`# Ours.\nmodels:\n  # none yet\n${out.replaceAll(/^(?=.)/gm, '  ')}`);
    expect((await run('catalog', 'validate')).code).toBe(0);
  });

  it('adds an entry with a vindex artifact', async () => {
    await add('labs/Tiny-Llama-Instruct', '--yes');
    const { out } = await run('catalog', 'show', 'acme/tiny-llama-full-q4-k', '--json');
    expect(JSON.parse(out)).toMatchObject({ artifacts: [{ kind: 'vindex', target: 'acme/tiny-llama-instruct-full-q4-k-vindex' }] });
  });

  it('takes over the owner and the collection of the existing entries', async () => {
    await add('labs/Qwen3.5-tiny-Base', '--yes', '--namespace', 'Acme-Weights', '--collection', 'Sidecars');
    const { out } = await add('labs/Tiny-Llama-Instruct', '--dry-run');
    expect(parse(out)).toMatchObject([{ hf_repo: 'Acme-Weights/tiny-llama-instruct-full-q4-k-vindex', hf_collection: 'Sidecars' }]);
  });

  it('takes heads from the base model of a quantised checkpoint', async () => {
    const { out } = await add('mlx/Qwen3.5-tiny-4bit', '--dry-run');
    expect(parse(out)).toMatchObject([{ mtp_source_repo: 'labs/Qwen3.5-tiny-Base', mtp_sidecar_repo: 'acme/qwen3-5-tiny-base-mtp' }]);
  });

  it('takes no heads from the base model of a fine-tune', async () => {
    expect((await add('labs/Qwen3.5-tiny', '--dry-run')).err).toContain('has nothing');
  });

  it('takes heads from the repository of --mtp-from', async () => {
    const { out } = await add('labs/Qwen3.5-tiny', '--dry-run', '--mtp-from', 'labs/Qwen3.5-tiny-Base');
    expect(parse(out)).toMatchObject([{ mtp_source_repo: 'labs/Qwen3.5-tiny-Base' }]);
  });

  it('pins the commit of a revision', async () => {
    const { out } = await add('labs/Qwen3.5-tiny-Base@main', '--dry-run');
    expect(parse(out)).toMatchObject([{ mtp_source_revision: await hub.admin.head('labs/Qwen3.5-tiny-Base') }]);
  });

  it('sets every field that a flag names', async () => {
    const flags =
      '--dry-run --key mine --tier odd --quant none --private --set output_name=mine.vindex --set hf_repo=acme/mine ' +
      '--vision-source labs/eyes --names source --mtp-from labs/Qwen3.5-tiny-Base';
    const { out } = await add('labs/Tiny-Llama-Instruct', ...flags.split(' '));
    expect(parse(out)).toEqual([
      {
        key: 'mine',
        source_model: 'labs/Tiny-Llama-Instruct',
        quant: 'none',
        slices: ['full'],
        tier: 'odd',
        output_name: 'mine.vindex',
        hf_repo: 'acme/mine',
        private: true,
        mtp_source_repo: 'labs/Qwen3.5-tiny-Base',
        mtp_sidecar_repo: 'acme/qwen3-5-tiny-base-mtp',
        mtp_names: 'source',
        vision_source_repo: 'labs/eyes',
        vision_sidecar_repo: 'acme/eyes-vision',
      },
    ]);
  });

  it('adds to the source of --source', async () => {
    expect((await add('labs/eyes', '--yes', '--catalog', 'two.yaml', '--source', 'other')).code).toBe(0);
    expect(await readFile(join(cwd, 'other.yaml'), 'utf8')).toContain('vision_source_repo: labs/eyes');
    expect(await mine()).toBe(MINE);
  });

  it('refuses the same model twice, and leaves the file unchanged', async () => {
    await add('labs/Qwen3.5-tiny-Base', '--yes');
    const before = await mine();
    const { code, err } = await add('labs/Qwen3.5-tiny-Base', '--yes');
    expect(code).toBe(3);
    expect(err).toMatch(/mine\.yaml:\d+: key: qwen3-5-tiny-base-mtp is already used[\s\S]*--key/);
    expect(await mine()).toBe(before);
  });

  it('warns when another entry publishes the model, and chooses another output name', async () => {
    await add('labs/Tiny-Llama-Instruct', '--yes', '--namespace', 'elsewhere', '--key', 'first');
    const { out, err } = await add('labs/Tiny-Llama-Instruct', '--dry-run', '--namespace', 'acme');
    expect(err).toContain('warning: acme/first already publishes this vindex, in elsewhere/tiny-llama-instruct-full-q4-k-vindex.');
    expect(parse(out)).toMatchObject([{ output_name: 'acme-tiny-llama-instruct-full-q4-k.vindex' }]);
  });

  it('refuses a model whose config is not JSON', async () => {
    const { code, err } = await add('labs/broken', '--yes');
    expect([code, err]).toEqual([3, expect.stringContaining('config.json is not JSON')]);
    expect(await mine()).toBe(MINE);
  });

  it('leaves out an assistant that is not a drafter, and says so', async () => {
    const { out, err } = await add('labs/gemma-4-tiny-it', '--dry-run', '--assistant', 'labs/Tiny-Llama-Instruct');
    expect(parse(out)).not.toHaveProperty('0.assistant_model_repo');
    expect(err).toContain('does not describe a drafter');
  });

  it('reads no tensors', async () => {
    const from = hub.requests.length;
    await add('labs/gemma-4-tiny-it', '--dry-run');
    const sent = hub.requests.slice(from).filter(({ operation }) => operation === 'cdn');
    expect(sent.length).toBeGreaterThan(0);
    expect(sent.every(({ sent: bytes }) => bytes <= 100_000)).toBe(true);
  });
});
