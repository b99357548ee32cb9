import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildPayload } from '../../../publish/build/build-payload.js';
import { EntrySnapshot } from '../../../catalog/snapshot.js';
import { generateCheckpoint } from '../../../dev/checkpoint/generate.js';
import { generateLlama } from '../../../dev/checkpoint/llama.js';
import { startLocalHub, type LocalHub } from '../../../dev/hub/index.js';
import { installStandIn } from '../../../dev/larql/install.js';
import { MTP_PAYLOAD } from '../../../plan/plan-mtp.js';
import { describeBytes, type ManifestFile } from '../../../plan/manifest.js';
import { planHere } from '../../support/publish-here.js';

const TOKEN = 'hf_writer';
const RECORD = 'payload.json';

let directory: string;
let hub: LocalHub;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-reuse-'));
  hub = await startLocalHub({
    directory: join(directory, 'hub'),
    tokens: [{ token: TOKEN, user: 'writer', orgs: ['acme'], role: 'write' }],
  });
});
afterEach(async () => {
  await hub.close();
  await rm(directory, { recursive: true, force: true });
});

const KINDS = {
  mtp: {
    files: () => generateCheckpoint({ seed: 7, size: 'small' }).files,
    fields: { mtp_source_repo: 'labs/model', mtp_sidecar_repo: 'acme/model-mtp' },
    weights: MTP_PAYLOAD,
  },
  vindex: {
    files: () => generateLlama({ seed: 1 }).files,
    fields: { source_model: 'labs/model', quant: 'q4k', slices: ['full'], output_name: 'x.vindex', hf_repo: 'acme/model-vindex' },
    weights: 'gate_vectors.bin',
  },
} as const;

/** Plans a kind and builds it once. */
const build = async (kind: keyof typeof KINDS) => {
  const { files, fields, weights } = KINDS[kind];
  await hub.admin.createRepo('labs/model');
  await hub.admin.commitFiles('labs/model', files(), { message: 'A model' });
  const larql = kind === 'vindex' ? { SWP_LARQL: await installStandIn(join(directory, 'larql')), PATH: process.env['PATH'] } : {};
  const entry = EntrySnapshot.parse({ name: 'acme/x', entry: { key: 'x', tier: 'smoke', ...fields } });
  const { deps, order } = await planHere(entry, { hub, token: TOKEN, directory, env: larql });
  const again = () => buildPayload(deps, order);
  const first = await again();
  return { first, again, at: deps.layout.build(order.plan.recipeDigest!), weights };
};

/** Replaces a file of a finished build and updates the record to match. */
const plant = async (at: string, path: string, bytes: Uint8Array): Promise<void> => {
  await writeFile(join(at, path), bytes);
  const record = JSON.parse(await readFile(join(at, RECORD), 'utf8')) as { files: ManifestFile[] };
  const files = record.files.map((file) => (file.path === path ? describeBytes(path, bytes) : file));
  await writeFile(join(at, RECORD), JSON.stringify({ ...record, files }));
};

describe.each(['mtp', 'vindex'] as const)('a finished build of kind %s', (kind) => {
  it('is reused unchanged', async () => {
    const { first, again, at, weights } = await build(kind);
    const { ino, mtimeMs } = await stat(join(at, weights));
    const names = await readdir(at);
    expect(await again()).toEqual(first);
    expect(await stat(join(at, weights))).toMatchObject({ ino, mtimeMs });
    expect(await readdir(at)).toEqual(names);
  });

  it('is built again when a file is changed or missing', async () => {
    const { first, again, at, weights } = await build(kind);
    const bytes = await readFile(join(at, weights));
    bytes[bytes.length - 1]! ^= 1;
    // Write a new file: the old one may share its bytes with an extraction.
    await rm(join(at, weights));
    await writeFile(join(at, weights), bytes);
    expect(await again()).toEqual(first);
    await rm(join(at, weights));
    expect(await again()).toEqual(first);
  });

  it('is built again when planted bytes match its record', async () => {
    const { first, again, at, weights } = await build(kind);
    const planted = kind === 'mtp' ? Buffer.from('planted') : Buffer.alloc((await stat(join(at, weights))).size);
    await rm(join(at, weights));
    await plant(at, weights, planted);
    expect(await again()).toEqual(first);
    expect((await readFile(join(at, weights))).equals(planted)).toBe(false);
  });
});
