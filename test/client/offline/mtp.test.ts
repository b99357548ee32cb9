import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateCheckpoint } from '../../../dev/checkpoint/generate.js';
import { startLocalHub, type LocalHub } from '../../../dev/hub/index.js';
import { sha256Of } from '../../../core/digests.js';
import { quantisedCheckpoint } from '../../publish/build/mtp/quantised-checkpoint.js';
import { swp } from '../../support/swp.js';

let cwd: string;
let hub: LocalHub;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'swp-mtp-'));
  hub = await startLocalHub({ directory: join(cwd, 'hub'), tokens: [] });
});
afterEach(async () => {
  await hub.close();
  await rm(cwd, { recursive: true, force: true });
});

const put = async (repo: string, files: ReadonlyMap<string, Uint8Array>): Promise<string> => {
  await hub.admin.createRepo(repo);
  return hub.admin.commitFiles(repo, files, { message: 'A checkpoint' });
};
const mtp = (...argv: string[]) => swp(['mtp', ...argv], { cwd, env: { HF_ENDPOINT: hub.url, HOME: cwd } });

describe('swp mtp inspect', () => {
  it('lists the content of a sidecar without reading tensors', async () => {
    await put('labs/tiny', generateCheckpoint({ seed: 5, size: 'small' }).files);
    const { code, out } = await mtp('inspect', 'labs/tiny');
    await expect(`exit ${code}\n${out.replaceAll(/[0-9a-f]{40}/g, '<commit>')}`).toMatchFileSnapshot('goldens/mtp-inspect.txt');
    const read = hub.requests.filter(({ operation }) => operation === 'cdn').reduce((sum, { sent }) => sum + sent, 0);
    expect(read).toBeLessThan(2 * 100_000 + 1);
  });

  it('lists companions and the conversion of quantised tensors', async () => {
    const commit = await put('labs/quantised', quantisedCheckpoint(2, 3));
    const { code, out } = await mtp('inspect', `labs/quantised@${commit}`, '--json');
    expect(code).toBe(0);
    const report = JSON.parse(out) as {
      tensors: { name: string; transformation: string; companions: { name: string }[] }[];
      dropped: { name: string }[];
    };
    expect(report).toMatchObject({ source: { repo: 'labs/quantised', commit }, heads: 1, binding: { drafter: null } });
    expect(report.tensors.find(({ name }) => name === 'mtp.layers.0.nv.weight')).toMatchObject({
      transformation: 'FP4 E2M1 × E4M3 scales of 1 × 16, multiplied by a second scale, to BF16',
      companions: [{ name: 'mtp.layers.0.nv.weight_scale' }, { name: 'mtp.layers.0.nv.weight_scale_2' }],
    });
    expect(report.dropped.map(({ name }) => name)).toContain('mtp.layers.0.attn.k_scale');
  });

  it.each([
    ['a checkpoint without heads', 'labs/headless', 1, /blocked none-found: .*Its config claims 1/],
    ['a missing repository', 'labs/nowhere', 1, /has no repository labs\/nowhere/],
    ['an invalid name', 'nowhere', 2, /Write owner\/name/],
    ['a branch without heads', 'labs/headless@main', 1, /blocked none-found/],
    ['a missing tag', 'labs/headless@v9', 1, /has no repository labs\/headless@v9/],
    ['an invalid revision', 'labs/headless@a..b', 2, /a name that git accepts/],
    ['two revisions', 'labs/headless@a@b', 2, /a commit SHA, a branch or a tag/],
  ])('reports %s', async (_, repo, expected, message) => {
    await put('labs/headless', generateCheckpoint({ seed: 5, size: 'small', withMtp: false }).files);
    const { code, out, err } = await mtp('inspect', repo);
    expect(out + err).toMatch(message);
    expect(code).toBe(expected);
  });
});

describe('swp mtp extract', () => {
  it('writes the sidecar and its list, and never overwrites a sidecar', async () => {
    await put('labs/tiny', generateCheckpoint({ seed: 5, size: 'small' }).files);
    const { code, out } = await mtp('extract', 'labs/tiny', '-o', 'there', '--json');
    expect(code).toBe(0);
    expect(await readdir(join(cwd, 'there'))).toEqual(['mtp.safetensors', 'mtp.tensors.json']);
    const bytes = await readFile(join(cwd, 'there', 'mtp.safetensors'));
    expect(JSON.parse(out)).toMatchObject({ sha256: sha256Of(bytes), size: bytes.byteLength, names: 'skulk' });
    const again = await mtp('extract', 'labs/tiny', '-o', 'there');
    expect(again.code).toBe(1);
    expect(again.err).toMatch(/mtp\.safetensors already exists\.\n.*another directory/);
  });

  it('keeps the names of the source with --names source', async () => {
    await put('labs/quantised', quantisedCheckpoint(1, 1));
    expect((await mtp('extract', 'labs/quantised', '-o', 'source', '--names', 'source')).code).toBe(0);
    const listed = JSON.parse(await readFile(join(cwd, 'source', 'mtp.tensors.json'), 'utf8')) as { tensors: { name: string }[] };
    expect(listed.tensors.map(({ name }) => name)).toContain('mtp.layers.0.mlp.experts.gate_up_proj');
  });

  it('keeps its journal when it fails, and succeeds when it runs again', async () => {
    await put('labs/tiny', generateCheckpoint({ seed: 5, size: 'small' }).files);
    const headers = 2;
    let reads = 0;
    const stop = hub.on(({ operation }) =>
      operation === 'cdn' && ++reads > headers + 1 ? { kind: 'status', status: 200, body: 'the whole file' } : undefined,
    );
    const failed = await mtp('extract', 'labs/tiny', '-o', 'again').finally(stop);
    expect(failed.code).toBe(7);
    expect(failed.err).toMatch(
      /kept in .*\.partial: run the same command again to continue[\s\S]*the server answered 200 with the whole file/,
    );
    const partial = (await readdir(join(cwd, 'again')))[0] ?? '';
    expect(await readdir(join(cwd, 'again', partial))).toContain('journal.jsonl');
    expect((await mtp('extract', 'labs/tiny', '-o', 'again')).code).toBe(0);
    expect(await readdir(join(cwd, 'again'))).toEqual(['mtp.safetensors', 'mtp.tensors.json']);
  });

  it('extracts nothing that is blocked', async () => {
    await put('labs/headless', generateCheckpoint({ seed: 5, size: 'small', withMtp: false }).files);
    const { code, out, err } = await mtp('extract', 'labs/headless', '-o', 'none');
    expect(code).toBe(1);
    expect(out).toContain('blocked none-found');
    expect(err).toContain('Nothing was extracted');
    await expect(readdir(join(cwd, 'none'))).rejects.toThrow();
  });
});
