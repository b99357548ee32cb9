import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readMtpSource } from '../../../../publish/facts/read-mtp-source.js';
import { readSource } from '../../../../publish/facts/read-source.js';
import { extractMtp } from '../../../../publish/build/mtp/extract-mtp.js';
import { RepoId } from '../../../../core/ids.js';
import { startLocalHub, type Exchange, type LocalHub } from '../../../../dev/hub/index.js';
import { planExtraction } from '../../../../formats/mtp/selection.js';
import type { SwpError } from '../../../../core/error.js';
import type { SourceProof } from '../../../../plan/source-proof.js';
import { config } from '../../../hub/support.js';
import { bytesOfTensors, quantisedCheckpoint } from './quantised-checkpoint.js';

const PROOFS: readonly SourceProof[] = ['shard-sha256', 'double-read'];
const REPO = RepoId.parse('labs/three');
const signal = new AbortController().signal;
/** Inside of every answer that is not tiny; of those it is their last byte. */
const PLACE = 1_000;

let root: string;
let hub: LocalHub;
let calm: Buffer;
let runs = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'swp-flipped-'));
  hub = await startLocalHub({
    directory: join(root, 'hub'),
    tokens: [{ token: 'hf_hubtestwriter', user: 'writer', orgs: [], role: 'write' }],
  });
  await hub.admin.createRepo(REPO);
  await hub.admin.commitFiles(REPO, quantisedCheckpoint(3, 1), { message: 'A checkpoint' });
  calm = (await extract('double-read')).bytes;
});
afterAll(async () => {
  await hub.close();
  await rm(root, { recursive: true, force: true });
});

const openSource = async (repo: RepoId) => {
  const source = (await readSource(config(hub.url), repo, null, signal))!;
  return { source, selection: await readMtpSource(config(hub.url), source, 'skulk', signal) };
};

interface Over {
  readonly repo?: RepoId;
  /** Of an earlier run, whose work is used again. */
  readonly directory?: string;
  /** Whether an answer with bytes of files has one bit flipped. */
  readonly isHit?: (exchange: Exchange, nth: number) => boolean;
}

/** Extracts, and counts what went over the wire for that once the headers had been read. */
const extract = async (proof: SourceProof, { repo = REPO, directory = String((runs += 1)), isHit = () => false }: Over = {}) => {
  const told: SwpError[] = [];
  const client = { ...config(hub.url), onRetry: (error: SwpError) => void told.push(error) };
  const { source, selection } = await openSource(repo);
  const path = join(root, directory);
  await mkdir(path, { recursive: true });
  const before = hub.requests.length;
  let nth = 0;
  const stop = hub.on((exchange) => {
    if (exchange.range === undefined) return undefined;
    nth += 1;
    return isHit(exchange, nth) ? { kind: 'corrupt-answer', at: PLACE } : undefined;
  });
  const request = { hub: client, source, selection, proof, directory: path, signal, onProgress: () => undefined };
  await extractMtp(request).finally(stop);
  const made = hub.requests.slice(before);
  return {
    bytes: await readFile(join(path, 'mtp.safetensors')),
    tensors: await readFile(join(path, 'mtp.tensors.json'), 'utf8'),
    answers: nth,
    told,
    sent: made.reduce((sum, { range, sent }) => sum + (range === undefined ? 0 : sent), 0),
    addresses: made.filter(({ operation }) => operation === 'resolve').length,
  };
};

describe.each(PROOFS)('a bit that is flipped on its way, under %s', (proof) => {
  it('once, in whichever answer, does not reach the sidecar', async () => {
    const { answers } = await extract(proof);
    expect(answers).toBeGreaterThan(2);
    for (let hit = 1; hit <= answers; hit += Math.ceil(answers / 9)) {
      const { bytes } = await extract(proof, { isHit: (_, nth) => nth === hit });
      expect([hit, bytes.equals(calm)]).toEqual([hit, true]);
    }
  }, 120_000);

  it('on one connection only, does not reach it either', async () => {
    const seen = new Set<number>();
    const isHit = ({ connection }: Exchange): boolean => {
      seen.add(connection);
      return false;
    };
    await extract(proof, { isHit });
    const known = Math.max(...seen);
    for (let at = 1; at <= Math.min(seen.size, 6); at += 1) {
      const { bytes } = await extract(proof, { isHit: ({ connection }) => connection === known + at });
      expect([at, bytes.equals(calm)]).toEqual([at, true]);
    }
  }, 120_000);

  it('in every answer, fails the build for good, and says where', async () => {
    await expect(extract(proof, { isHit: () => true })).rejects.toMatchObject({
      code: 'mtp/source-differs',
      kind: 'integrity',
      message: expect.stringMatching(/labs\/three at [0-9a-f]{40}: .*model-\d-of-3\.safetensors/),
      hint: expect.stringContaining('Nothing of it is published'),
    });
  });
});

const bytesAsked = ({ range = '' }: Exchange): number => {
  const [begin = 0, end = 0] = range.replace('bytes=', '').split('-').map(Number);
  return end + 1 - begin;
};

it('in every answer with weights, fails the build with the tensor and the requests of three readings', async () => {
  await expect(extract('double-read', { isHit: (exchange) => bytesAsked(exchange) > 2 * PLACE })).rejects.toMatchObject({
    code: 'mtp/source-differs',
    message: expect.stringMatching(
      /: mtp\.\S+ \(bytes \d+ to \d+\) came differently three times\. Requests: Root=[^;]*; Root=[^;]*; Root=[^;]*\.$/,
    ),
    hint: expect.stringContaining('SWP_PROVE_SHARDS'),
  });
});

it('is told by shard, tensor and the requests of all readings', async () => {
  let hit = false;
  const { told } = await extract('double-read', { isHit: (exchange) => !hit && bytesAsked(exchange) > 20_000 && (hit = true) });
  expect(told).toHaveLength(1);
  const id = 'Root=1-[0-9a-f-]{36}';
  expect(told[0]!.message).toMatch(
    new RegExp(
      `^labs/three at [0-9a-f]{40}: model-\\d-of-3\\.safetensors: mtp\\.\\S+ \\(bytes \\d+ to \\d+\\) came differently when it was read again; a third reading agrees with the (first|second)\\. Requests: ${id}(, ${id})*; ${id}, ${id}; ${id}, ${id}, ${id}\\.$`,
    ),
  );
});

describe('the bytes that are read', () => {
  const shards = [...quantisedCheckpoint(3, 1)].flatMap(([path, bytes]) => (path.endsWith('.safetensors') ? [bytes] : []));

  it('are twice what is needed and a few gaps, where ranges are read twice', async () => {
    const { selection } = await openSource(REPO);
    const { fetch } = planExtraction(selection);
    const dropped = selection.dropped.reduce((sum, { tensor }) => sum + tensor.end - tensor.begin, 0);
    expect(fetch.neededBytes).toBe(bytesOfTensors() - dropped);
    expect(fetch.fetchBytes).toBeLessThanOrEqual(Math.floor(fetch.neededBytes * 1.015));
    const headers = shards.reduce((sum, bytes) => sum + 8 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true), 0);
    const { sent, addresses } = await extract('double-read');
    expect(sent).toBe(2 * fetch.fetchBytes + headers);
    // Of each file one for each reading, and those of the small tensors that are read apart.
    expect(addresses).toBeLessThanOrEqual(9);
  });

  it('are those of each touched shard once, where shards are hashed', async () => {
    const { sent, addresses } = await extract('shard-sha256');
    expect(sent).toBe(shards.reduce((sum, { byteLength }) => sum + byteLength, 0));
    expect(addresses).toBe(3);
  });
});

it('does not decide on what is made', async () => {
  const [hashed, twice] = [await extract('shard-sha256'), await extract('double-read')];
  expect(hashed.bytes.equals(twice.bytes)).toBe(true);
  expect(hashed.tensors).toBe(twice.tensors);
});

it('is the git blob id of a shard outside LFS, whatever is planned', async () => {
  const repo = RepoId.parse('labs/outside');
  await hub.admin.createRepo(repo);
  await hub.admin.commitFiles(repo, new Map([['.gitattributes', Buffer.from('\n')]]), { message: 'No LFS' });
  await hub.admin.commitFiles(repo, quantisedCheckpoint(2, 5), { message: 'A checkpoint' });
  const { source } = await openSource(repo);
  expect(source.files.filter(({ lfs }) => lfs !== null)).toEqual([]);
  const { bytes, answers } = await extract('double-read', { repo });
  expect(answers).toBe(2);
  expect((await extract('double-read', { repo, isHit: (_, nth) => nth === 1 })).bytes.equals(bytes)).toBe(true);
  await expect(extract('double-read', { repo, isHit: () => true })).rejects.toMatchObject({ code: 'mtp/source-differs' });
});

it('of another kind is not taken over from an earlier run, but a hashed shard also proves what would be read twice', async () => {
  await extract('double-read', { directory: 'changed' });
  expect((await extract('shard-sha256', { directory: 'changed' })).sent).toBeGreaterThan(bytesOfTensors());
  expect((await extract('double-read', { directory: 'changed' })).sent).toBeLessThan(bytesOfTensors() / 2);
});
