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
import { runs } from '../../../support/tiers.js';
import { bytesOfTensors, quantisedCheckpoint } from './quantised-checkpoint.js';

const PROOFS: readonly SourceProof[] = ['shard-sha256', 'double-read'];
const REPO = RepoId.parse('labs/three');
const signal = new AbortController().signal;
/** Offset of the flipped bit: inside every response that is not tiny, and the last byte of a tiny one. */
const FLIPPED_OFFSET = 1_000;

let root: string;
let hub: LocalHub;
let undisturbed: Buffer;
let extractions = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'swp-flipped-'));
  hub = await startLocalHub({
    directory: join(root, 'hub'),
    tokens: [{ token: 'hf_hubtestwriter', user: 'writer', orgs: [], role: 'write' }],
  });
  await hub.admin.createRepo(REPO);
  await hub.admin.commitFiles(REPO, quantisedCheckpoint(3, 1), { message: 'A checkpoint' });
  undisturbed = (await extract('double-read')).bytes;
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
  /** Directory of an earlier run to resume. */
  readonly directory?: string;
  /** Returns true to flip one bit of a response with file bytes. */
  readonly isHit?: (exchange: Exchange, nth: number) => boolean;
}

/** Extracts and counts the traffic of the extraction, without that of opening the source. */
const extract = async (proof: SourceProof, { repo = REPO, directory = String((extractions += 1)), isHit = () => false }: Over = {}) => {
  const reported: SwpError[] = [];
  const client = { ...config(hub.url), onRetry: (error: SwpError) => void reported.push(error) };
  const { source, selection } = await openSource(repo);
  const path = join(root, directory);
  await mkdir(path, { recursive: true });
  const before = hub.requests.length;
  let nth = 0;
  const stop = hub.on((exchange) => {
    if (exchange.range === undefined) return undefined;
    nth += 1;
    return isHit(exchange, nth) ? { kind: 'corrupt-answer', at: FLIPPED_OFFSET } : undefined;
  });
  const request = { hub: client, source, selection, proof, directory: path, signal, onProgress: () => undefined };
  await extractMtp(request).finally(stop);
  const exchanges = hub.requests.slice(before);
  return {
    bytes: await readFile(join(path, 'mtp.safetensors')),
    tensors: await readFile(join(path, 'mtp.tensors.json'), 'utf8'),
    responses: nth,
    reported,
    sent: exchanges.reduce((sum, { range, sent }) => sum + (range === undefined ? 0 : sent), 0),
    addresses: exchanges.filter(({ operation }) => operation === 'resolve').length,
  };
};

describe.each(PROOFS)('a bit that flips in transit, under %s', (proof) => {
  it('does not reach the sidecar when it flips in one response', async () => {
    const { responses } = await extract(proof);
    expect(responses).toBeGreaterThan(2);
    for (let hit = 1; hit <= responses; hit += Math.ceil(responses / runs(20))) {
      const { bytes } = await extract(proof, { isHit: (_, nth) => nth === hit });
      expect([hit, bytes.equals(undisturbed)]).toEqual([hit, true]);
    }
  }, 120_000);

  it('does not reach the sidecar when it flips on one connection only', async () => {
    const seen = new Set<number>();
    const isHit = ({ connection }: Exchange): boolean => {
      seen.add(connection);
      return false;
    };
    await extract(proof, { isHit });
    const known = Math.max(...seen);
    for (let at = 1; at <= Math.min(seen.size, runs(20)); at += 1) {
      const { bytes } = await extract(proof, { isHit: ({ connection }) => connection === known + at });
      expect([at, bytes.equals(undisturbed)]).toEqual([at, true]);
    }
  }, 120_000);

  it('fails the build when it flips in every response, and names the shard', async () => {
    await expect(extract(proof, { isHit: () => true })).rejects.toMatchObject({
      code: 'mtp/source-differs',
      kind: 'integrity',
      message: expect.stringMatching(/labs\/three at [0-9a-f]{40}: .*model-\d-of-3\.safetensors/),
      hint: expect.stringContaining('Nothing was published'),
    });
  });
});

const requestedBytes = ({ range = '' }: Exchange): number => {
  const [begin = 0, end = 0] = range.replace('bytes=', '').split('-').map(Number);
  return end + 1 - begin;
};

it('names the tensor and the requests of three readings when a bit flips in every response with weights', async () => {
  await expect(extract('double-read', { isHit: (exchange) => requestedBytes(exchange) > 2 * FLIPPED_OFFSET })).rejects.toMatchObject({
    code: 'mtp/source-differs',
    message: expect.stringMatching(
      /: mtp\.\S+ \(bytes \d+ to \d+\): three readings returned three different results\. Requests: Root=[^;]*; Root=[^;]*; Root=[^;]*\.$/,
    ),
    hint: expect.stringContaining('SWP_PROVE_SHARDS'),
  });
});

it('reports a flipped bit with its shard, its tensor and the requests of all readings', async () => {
  let hit = false;
  const { reported } = await extract('double-read', { isHit: (exchange) => !hit && requestedBytes(exchange) > 20_000 && (hit = true) });
  expect(reported).toHaveLength(1);
  const id = 'Root=1-[0-9a-f]{32}';
  expect(reported[0]!.message).toMatch(
    new RegExp(
      `^labs/three at [0-9a-f]{40}: model-\\d-of-3\\.safetensors: mtp\\.\\S+ \\(bytes \\d+ to \\d+\\): the second reading differs from the first; a third reading agrees with the (first|second)\\. Requests: ${id}(, ${id})*; ${id}, ${id}; ${id}, ${id}, ${id}\\.$`,
    ),
  );
});

describe('the bytes that are read', () => {
  const shards = [...quantisedCheckpoint(3, 1)].flatMap(([path, bytes]) => (path.endsWith('.safetensors') ? [bytes] : []));

  it('are twice the planned ranges under double-read', async () => {
    const { selection } = await openSource(REPO);
    const { fetch } = planExtraction(selection);
    const dropped = selection.dropped.reduce((sum, { tensor }) => sum + tensor.end - tensor.begin, 0);
    expect(fetch.neededBytes).toBe(bytesOfTensors() - dropped);
    expect(fetch.fetchBytes).toBeLessThanOrEqual(Math.floor(fetch.neededBytes * 1.015));
    const headers = shards.reduce((sum, bytes) => sum + 8 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true), 0);
    const { sent, addresses } = await extract('double-read');
    expect(sent).toBe(2 * fetch.fetchBytes + headers);
    // One per file and reading, and those of the small tensors, which are read separately.
    expect(addresses).toBeLessThanOrEqual(9);
  });

  it('are each touched shard once under shard-sha256', async () => {
    const { sent, addresses } = await extract('shard-sha256');
    expect(sent).toBe(shards.reduce((sum, { byteLength }) => sum + byteLength, 0));
    expect(addresses).toBe(3);
  });
});

it('writes the same output under either proof', async () => {
  const [hashed, twice] = [await extract('shard-sha256'), await extract('double-read')];
  expect(hashed.bytes.equals(twice.bytes)).toBe(true);
  expect(hashed.tensors).toBe(twice.tensors);
});

it('proves a shard outside LFS by its git blob id, even under double-read', async () => {
  const repo = RepoId.parse('labs/outside');
  await hub.admin.createRepo(repo);
  await hub.admin.commitFiles(repo, new Map([['.gitattributes', Buffer.from('\n')]]), { message: 'No LFS' });
  await hub.admin.commitFiles(repo, quantisedCheckpoint(2, 5), { message: 'A checkpoint' });
  const { source } = await openSource(repo);
  expect(source.files.filter(({ lfs }) => lfs !== null)).toEqual([]);
  const { bytes, responses } = await extract('double-read', { repo });
  expect(responses).toBe(2);
  expect((await extract('double-read', { repo, isHit: (_, nth) => nth === 1 })).bytes.equals(bytes)).toBe(true);
  await expect(extract('double-read', { repo, isHit: () => true })).rejects.toMatchObject({ code: 'mtp/source-differs' });
});

it('does not reuse double-read work under shard-sha256, but reuses hashed shards under double-read', async () => {
  await extract('double-read', { directory: 'changed' });
  expect((await extract('shard-sha256', { directory: 'changed' })).sent).toBeGreaterThan(bytesOfTensors());
  expect((await extract('double-read', { directory: 'changed' })).sent).toBeLessThan(bytesOfTensors() / 2);
});
