import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readMtpSource } from '../../../../publish/facts/read-mtp-source.js';
import { readSource } from '../../../../publish/facts/read-source.js';
import { extractMtp } from '../../../../publish/build/mtp/extract-mtp.js';
import { RepoId } from '../../../../core/ids.js';
import { fillRandom } from '../../../../dev/checkpoint/random.js';
import { startLocalHub, type LocalHub } from '../../../../dev/hub/index.js';
import { layoutTensors, type TensorShape } from '../../../../formats/safetensors/write.js';
import { tensors } from '../../../formats/mtp/checkpoint.js';
import type { FamilyCase } from '../../../formats/mtp/family-case.js';
import { FAMILY_CASES } from '../../../formats/mtp/family-cases.js';
import { config, TOKEN } from '../../../hub/support.js';
import { pythonEnvironment } from '../../../support/python.js';

const signal = new AbortController().signal;
let root: string;
let hub: LocalHub;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'swp-families-'));
  hub = await startLocalHub({ directory: join(root, 'hub'), tokens: [{ token: TOKEN, user: 'reader', orgs: [], role: 'read' }] });
});
afterAll(async () => {
  await hub.close();
  await rm(root, { recursive: true, force: true });
});

/** Random bits: every format must accept NaN, infinities and subnormals. */
const shard = (shapes: readonly TensorShape[], seed: number): Uint8Array => {
  const { header, size } = layoutTensors(shapes);
  const bytes = new Uint8Array(size);
  fillRandom(bytes, seed);
  bytes.set(header);
  return bytes;
};

/** Publishes a family's checkpoint in two shards, and extracts its sidecar from the hub. */
const extractFamily = async (family: FamilyCase, at: number) => {
  const entries = tensors(family.shapes);
  const files = new Map(
    [0, 1].map(
      (half) =>
        [
          `model-${half}.safetensors`,
          shard(
            entries.filter((_, index) => index % 2 === half),
            10 * at + half,
          ),
        ] as const,
    ),
  );
  const repo = RepoId.parse(`families/${at}`);
  await hub.admin.createRepo(repo);
  const text = new TextEncoder().encode(JSON.stringify(family.config));
  await hub.admin.commitFiles(repo, new Map([...files, ['config.json', text]]), { message: 'A checkpoint' });
  const directory = join(root, String(at));
  await mkdir(directory);
  for (const [path, bytes] of files) await writeFile(join(directory, path), bytes);
  const source = await readSource(config(hub.url), repo, null, signal);
  if (source === null) throw new Error(`${repo} is not there`);
  const selection = await readMtpSource(config(hub.url), source, 'skulk', signal);
  await extractMtp({
    hub: config(hub.url),
    source,
    selection,
    proof: at % 2 === 0 ? 'shard-sha256' : 'double-read',
    directory,
    signal,
    onProgress: () => undefined,
  });
  return {
    family: family.family,
    config: family.config,
    source: [...files.keys()].map((path) => join(directory, path)),
    sidecar: join(directory, 'mtp.safetensors'),
  };
};

it('extracts the heads of every family bit for bit, with scales in other shards than their tensors', async () => {
  const extracted = [];
  for (const [at, family] of FAMILY_CASES.entries()) extracted.push(await extractFamily(family, at));
  await writeFile(join(root, 'truth.json'), JSON.stringify(extracted));
  const script = new URL('family_truth.py', import.meta.url).pathname;
  const { stdout } = await execa(await pythonEnvironment(), [script, join(root, 'truth.json')]);
  expect(JSON.parse(stdout)).toEqual([]);
}, 300_000);
