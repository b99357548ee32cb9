import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { RepoId } from '../../core/ids.js';
import { readTree } from '../../hub/read/tree.js';
import { copyOnServer } from '../../hub/write/copy-lfs.js';
import { uploadBlobs } from '../../hub/write/upload.js';
import { emptyJournal, fileOf, startTestHub, REPO, signal, type TestHub } from './support.js';

const SOURCE = RepoId.parse('acme/source');
const large = randomBytes(300_000);
const other = randomBytes(200_000);

let test: TestHub;
afterEach(() => test.close());

const start = async (options: Parameters<typeof startTestHub>[0] = {}) => {
  test = await startTestHub({ serverCopy: true, ...options });
  await test.hub.admin.createRepo(SOURCE);
  await test.hub.admin.createRepo(REPO);
  const files = new Map([
    ['a.safetensors', large],
    ['b.safetensors', other],
  ]);
  const commit = await test.hub.admin.commitFiles(SOURCE, files, { message: 'weights' });
  const tree = await readTree(test.client, SOURCE, commit, { signal });
  return tree.flatMap(({ path, lfs, xetHash }) => (lfs === null || xetHash === undefined ? [] : [{ path, sha256: lfs, xetHash }]));
};
const copy = (files: Awaited<ReturnType<typeof start>>, over: AbortSignal = signal): Promise<number> =>
  copyOnServer(test.client, { source: SOURCE, target: REPO, files }, { signal: over });
const upload = async () => {
  const files = [fileOf('a.safetensors', large), fileOf('b.safetensors', other)].map((file) => ({ ...file, readOnce: true as const }));
  const journal = await emptyJournal();
  try {
    return await uploadBlobs(test.client, REPO, files, { signal, journal, shouldStop: () => false, onProgress: () => undefined });
  } finally {
    await journal.close();
  }
};
const calls = (): number => test.hub.requests.filter(({ operation }) => operation === 'duplicate-lfs').length;

describe('a copy by the Hub', () => {
  it('leaves nothing to send', async () => {
    expect(await copy(await start())).toBe(2);
    expect(await upload()).toMatchObject({ sentBytes: 0, unseenBytes: large.length + other.length });
  });

  it('leaves the files to send that the Hub could not copy', async () => {
    const [first, second] = await start();
    expect(await copy([first!, { ...second!, xetHash: '0'.repeat(64) }])).toBe(1);
    expect(await upload()).toMatchObject({ sentBytes: other.length, unseenBytes: large.length });
  });

  it('is skipped when the Hub does not offer it', async () => {
    const files = await start();
    test.hub.on(({ operation }) => (operation === 'duplicate-lfs' ? { kind: 'status', status: 404 } : undefined));
    expect(await copy(files)).toBe(0);
    expect(calls()).toBe(1);
    expect(await upload()).toMatchObject({ sentBytes: large.length + other.length, unseenBytes: 0 });
  });

  it('is given up after three failures', async () => {
    const files = await start();
    test.hub.on(({ operation }) => (operation === 'duplicate-lfs' ? { kind: 'status', status: 503 } : undefined));
    expect(await copy(files)).toBe(0);
    expect(calls()).toBe(3);
  });

  it('counts for nothing when its response is invalid', async () => {
    const files = await start();
    test.hub.on(({ operation }) =>
      operation === 'duplicate-lfs' ? { kind: 'status', status: 200, body: '{"succeeded":"all"}' } : undefined,
    );
    expect(await copy(files)).toBe(0);
  });

  it('ends when it is cancelled', async () => {
    const files = await start();
    const cancelled = new AbortController();
    test.hub.on(({ operation }) => {
      if (operation === 'duplicate-lfs') cancelled.abort(new Error('cancelled'));
      return undefined;
    });
    await expect(copy(files, cancelled.signal)).rejects.toThrow('cancelled');
  });

  it('is requested for at most 500 files per call', async () => {
    const [first] = await start();
    await copy(Array.from({ length: 1_001 }, () => first!));
    expect(calls()).toBe(3);
  });

  it('is not requested when the Hub lists no Xet digests', async () => {
    expect(await start({ serverCopy: false })).toEqual([]);
    expect(await copy([])).toBe(0);
    expect(calls()).toBe(0);
  });
});
