import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { readMtpSource } from '../../../../publish/facts/read-mtp-source.js';
import { readSource } from '../../../../publish/facts/read-source.js';
import { extractMtp, JOURNAL } from '../../../../publish/build/mtp/extract-mtp.js';
import { RepoId } from '../../../../core/ids.js';
import { startLocalHub, type Fault, type LocalHub } from '../../../../dev/hub/index.js';
import { planExtraction } from '../../../../formats/mtp/selection.js';
import { sha256Of } from '../../../../core/digests.js';
import { config } from '../../../hub/support.js';
import { pythonEnvironment } from '../../../support/python.js';
import { bytesOfTensors, EXPECTED, quantisedCheckpoint, TENSORS } from './quantised-checkpoint.js';

const TRUTH = new URL('truth.py', import.meta.url).pathname;
const signal = new AbortController().signal;
let root: string;
let hub: LocalHub;
const THREE = RepoId.parse('labs/three');
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'swp-extract-'));
  hub = await startLocalHub({
    directory: join(root, 'hub'),
    tokens: [{ token: 'hf_hubtestwriter', user: 'writer', orgs: [], role: 'write' }],
  });
  await publish(THREE, quantisedCheckpoint(3, 1));
});
afterEach(() => {
  vi.restoreAllMocks();
});
afterAll(async () => {
  await hub.close();
  await rm(root, { recursive: true, force: true });
});

const publish = async (repo: string, files: ReadonlyMap<string, Uint8Array>): Promise<RepoId> => {
  await hub.admin.createRepo(repo);
  await hub.admin.commitFiles(repo, files, { message: 'A checkpoint' });
  return RepoId.parse(repo);
};

const openSource = async (repo: RepoId) => {
  const source = await readSource(config(hub.url), repo, null, signal);
  if (source === null) throw new Error(`${repo} is not there`);
  return { source, selection: await readMtpSource(config(hub.url), source, 'skulk', signal) };
};

const extract = async (
  repo: RepoId,
  name: string,
  over: { readonly signal?: AbortSignal; readonly onProgress?: (done: number) => void } = {},
) => {
  const directory = join(root, name);
  await mkdir(directory, { recursive: true });
  const { source, selection } = await openSource(repo);
  const { sha256 } = await extractMtp({
    hub: config(hub.url),
    source,
    selection,
    proof: 'double-read',
    directory,
    signal,
    onProgress: () => undefined,
    ...over,
  });
  const path = join(directory, 'mtp.safetensors');
  return { directory, path, sha256, bytes: await readFile(path), tensors: await readFile(join(directory, 'mtp.tensors.json'), 'utf8') };
};

/** Bytes that the hub sent from one repository's files while `run` ran. */
const bytesSent = async (run: () => Promise<unknown>): Promise<number> => {
  const before = hub.requests.length;
  await run();
  return hub.requests
    .slice(before)
    .filter(({ operation }) => operation === 'cdn')
    .reduce((sum, { sent }) => sum + sent, 0);
};

it('writes the bytes of the reference implementation in every format, from three shards and from five', async () => {
  const source = quantisedCheckpoint(3, 1);
  const paths: string[] = [];
  for (const [name, bytes] of source) {
    if (!name.endsWith('.safetensors')) continue;
    paths.push(join(root, name));
    await writeFile(join(root, name), bytes);
  }
  const { selection } = await openSource(THREE);
  expect(selection.problems.filter(({ severity }) => severity === 'blocked')).toEqual([]);
  expect(selection.dropped.map(({ tensor }) => tensor.name)).toEqual(
    ['attn.k_scale', 'nv.input_scale', 'tensor.input_scale'].map((name) => `mtp.layers.0.${name}`),
  );
  const { path, bytes, sha256 } = await extract(THREE, 'three');
  expect(sha256).toBe(sha256Of(bytes));
  await writeFile(join(root, 'truth.json'), JSON.stringify({ source: paths, sidecar: path, expected: EXPECTED }));
  const { stdout } = await execa(await pythonEnvironment(), [TRUTH, join(root, 'truth.json')]);
  expect(JSON.parse(stdout)).toEqual([]);
  const again = await extract(await publish('labs/five', quantisedCheckpoint(5, 2)), 'five');
  expect(again.bytes.equals(bytes)).toBe(true);
}, 60_000);

it('lists the source ranges of every tensor with their digests', async () => {
  const { tensors, directory } = await extract(THREE, 'listed');
  const listed = JSON.parse(tensors) as {
    tensors: {
      name: string;
      read: { role: string; name: string; file: string; ranges: { begin: number; end: number; sha256: string }[] }[];
    }[];
    dropped: { name: string }[];
  };
  expect(listed.tensors.map(({ name }) => name).toSorted()).toEqual(Object.keys(EXPECTED).toSorted());
  const read = new Set([
    ...listed.tensors.flatMap((tensor) => tensor.read.map(({ name }) => name)),
    ...listed.dropped.map(({ name }) => name),
  ]);
  expect([...read].toSorted()).toEqual(TENSORS.map(({ name }) => name).toSorted());
  const files = quantisedCheckpoint(3, 1);
  for (const { file, ranges } of listed.tensors.flatMap((tensor) => tensor.read))
    for (const { begin, end, sha256 } of ranges) expect(sha256Of(files.get(file)!.subarray(begin, end))).toBe(sha256);
  expect(await readdir(directory)).toContain(JOURNAL);
});

it('resumes from its journal and extracts lost bytes again', async () => {
  const stopped = new AbortController();
  const half = bytesOfTensors() / 2;
  await expect(
    extract(THREE, 'resumed', { signal: stopped.signal, onProgress: (done) => done > half && stopped.abort(new Error('killed')) }),
  ).rejects.toThrow();
  const journal = join(root, 'resumed', JOURNAL);
  const finished = (await readFile(journal, 'utf8')).split('\n').filter((line) => line !== '').length;
  expect(finished).toBeGreaterThan(0);
  // The kill cuts the last line short.
  await writeFile(journal, '{"at":12,"si', { flag: 'a' });
  let whole: Awaited<ReturnType<typeof extract>> | undefined;
  const all = await bytesSent(async () => {
    whole = await extract(THREE, 'whole');
  });
  let resumed: Awaited<ReturnType<typeof extract>> | undefined;
  const sent = await bytesSent(async () => {
    resumed = await extract(THREE, 'resumed');
  });
  expect(resumed?.bytes.equals(whole!.bytes)).toBe(true);
  expect(resumed?.tensors).toBe(whole?.tensors);
  expect(sent).toBeLessThan(all);
  const file = await open(join(root, 'resumed', 'mtp.safetensors'), 'r+');
  await file.write(Buffer.from([1, 2, 3]), 0, 3, whole!.bytes.byteLength - 3);
  await file.close();
  expect((await extract(THREE, 'resumed')).bytes.equals(whole!.bytes)).toBe(true);
});

it('refuses a packed weight whose shape tensor disagrees', async () => {
  const files = new Map(quantisedCheckpoint(1, 1));
  const [[name, bytes]] = [...files] as [[string, Uint8Array]];
  const { selection } = await openSource(await publish('labs/padded', files));
  const { begin } = selection.tensors.find((tensor) => tensor.name.endsWith('weight_shape'))!;
  new DataView(bytes.buffer).setBigInt64(begin + 8, 61n, true);
  await hub.admin.commitFiles('labs/padded', new Map([[name, bytes]]), { message: 'Padded' });
  await expect(extract(RepoId.parse('labs/padded'), 'padded')).rejects.toMatchObject({ code: 'build/bad-shape', kind: 'integrity' });
});

it('reports a full disk while slabs wait for buffers, and resumes when there is space', async () => {
  const { source, selection } = await openSource(THREE);
  expect(planExtraction(selection).slabs.length).toBeGreaterThan(20);
  const directory = join(root, 'full');
  await mkdir(directory);
  const probe = await open(join(directory, 'probe'), 'w');
  const handle = Object.getPrototypeOf(probe) as FileHandle;
  await probe.close();
  const { write } = handle;
  let writes = 0;
  vi.spyOn(handle, 'write').mockImplementation(function write1(this: FileHandle, ...given: Parameters<FileHandle['write']>) {
    writes += 1;
    if (writes < 6) return write.apply(this, given);
    return Promise.reject(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }));
  });
  const run = () =>
    extractMtp({ hub: config(hub.url), source, selection, proof: 'double-read', directory, signal, onProgress: () => undefined });
  await expect(run()).rejects.toMatchObject({ code: 'scratch/full', kind: 'quota', message: expect.stringContaining(directory) });
  vi.restoreAllMocks();
  expect((await run()).sha256).toBe((await extract(THREE, 'listed')).sha256);
});

it('writes the same bytes despite expired URLs, error statuses and reset connections', async () => {
  const undisturbed = await extract(THREE, 'undisturbed');
  let requestCount = 0;
  const faults: readonly Fault[] = [
    { kind: 'status', status: 403, body: 'Request has expired' },
    { kind: 'reset' },
    { kind: 'status', status: 503 },
    { kind: 'status', status: 429, headers: { 'retry-after': '1' } },
  ];
  const stop = hub.on(({ operation }) => {
    if (operation !== 'cdn') return undefined;
    requestCount += 1;
    return requestCount % 3 === 0 ? faults[(requestCount / 3) % faults.length] : undefined;
  });
  const disturbed = await extract(THREE, 'disturbed').finally(stop);
  expect(requestCount).toBeGreaterThan(3 * faults.length);
  expect(disturbed.bytes.equals(undisturbed.bytes)).toBe(true);
});

it('refuses a server that stops honouring ranges', async () => {
  const { source, selection } = await openSource(THREE);
  const directory = join(root, 'ignored');
  await mkdir(directory);
  const stop = hub.on(({ operation }) => (operation === 'cdn' ? { kind: 'status', status: 200, body: 'the whole file' } : undefined));
  const run = extractMtp({
    hub: config(hub.url),
    source,
    selection,
    proof: 'double-read',
    directory,
    signal,
    onProgress: () => undefined,
  });
  await expect(run.finally(stop)).rejects.toMatchObject({ code: 'hub/range-ignored', kind: 'integrity' });
  expect(await readdir(directory)).not.toContain('mtp.tensors.json');
});

it('frees its memory after each extraction', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const held = async (name: string): Promise<number> => {
    await extract(THREE, name);
    // The last callbacks free their memory once they have returned.
    await setImmediate();
    collect();
    return process.memoryUsage().arrayBuffers;
  };
  const first = await held('memory-0');
  for (const at of [1, 2, 3]) await held(`memory-${at}`);
  // An extraction has 66 MB of buffers; those of the last one may not be collected yet.
  expect((await held('memory-4')) - first).toBeLessThan(150e6);
});
