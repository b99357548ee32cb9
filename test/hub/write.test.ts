import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scriptFaults, type FaultRule } from '../../dev/hub/index.js';
import { readRepo } from '../../hub/read/repo.js';
import { verifyPaths } from '../../hub/read/verify-files.js';
import { commitOnce, type NewCommit } from '../../hub/write/commit.js';
import { createRepo } from '../../hub/write/create-repo.js';
import { classifyUploads, uploadBlobs, type UploadFile } from '../../hub/write/upload.js';
import { describeBytes } from '../../plan/manifest.js';
import { emptyJournal, fileOf, startTestHub, REPO, signal, type TestHub } from './support.js';

let test: TestHub;
beforeEach(async () => {
  test = await startTestHub({ multipartThreshold: 1_000_000, chunkSize: 300_000 });
});
afterEach(() => test.close());

const small = randomBytes(1000);
const large = randomBytes(1_234_567);
const fault = (...rules: FaultRule[]): void => void test.hub.on(scriptFaults(rules).intercept);
const count = (operation: string): number => test.hub.requests.filter((request) => request.operation === operation).length;
const upload = async (
  files = [fileOf('one.safetensors', small), fileOf('two.safetensors', large), fileOf('notes.md', Buffer.from('hi'))],
  over: object = {},
) => {
  const journal = await emptyJournal();
  try {
    return await uploadBlobs(test.client, REPO, files, {
      signal,
      journal,
      shouldStop: () => false,
      onProgress: () => undefined,
      ...over,
    });
  } finally {
    await journal.close();
  }
};

describe('creating a repository', () => {
  it('is idempotent', async () => {
    expect(await createRepo(test.client, REPO, { private: true, signal })).toBe('created');
    expect(await createRepo(test.client, REPO, { private: true, signal })).toBe('exists');
    expect(await readRepo(test.client, REPO, undefined, { signal })).toMatchObject({ private: true });
  });
});

describe('uploading', () => {
  beforeEach(() => test.hub.admin.createRepo(REPO));

  it('sends LFS files whole or in parts, and nothing twice', async () => {
    expect(await upload()).toMatchObject({
      lfs: new Set(['one.safetensors', 'two.safetensors']),
      regular: new Set(['notes.md']),
      sentBytes: small.length + large.length,
      skippedBytes: 0,
    });
    expect([count('put'), count('part'), count('complete')]).toEqual([1, 5, 1]);
    expect(await upload()).toMatchObject({ sentBytes: 0, skippedBytes: small.length + large.length });
    expect([count('put'), count('part')]).toEqual([1, 5]);
  });

  it('does not move the head', async () => {
    const before = await test.hub.admin.head(REPO);
    await upload();
    expect(await test.hub.admin.head(REPO)).toBe(before);
  });

  it.each<[string, FaultRule]>([
    ["a part's 503", { operation: 'part', part: 2, fault: { kind: 'status', status: 503 } }],
    ['a cut part', { operation: 'part', part: 2, fault: { kind: 'reset' } }],
    ['a part whose answer is lost', { operation: 'part', part: 2, fault: { kind: 'apply-then-reset' } }],
    ['an expired address', { operation: 'part', part: 4, fault: { kind: 'status', status: 403, body: 'Request has expired' } }],
    ["S3's RequestTimeout", { operation: 'part', part: 1, fault: { kind: 'status', status: 400, body: '<Code>RequestTimeout</Code>' } }],
    ['a completion whose answer is lost', { operation: 'complete', fault: { kind: 'apply-then-reset' } }],
    ['a 429 on the batch', { operation: 'lfs-batch', fault: { kind: 'status', status: 429 } }],
    ['a 500 on verify', { operation: 'verify', fault: { kind: 'status', status: 500 } }],
    ['a reset preupload', { operation: 'preupload', fault: { kind: 'reset' } }],
  ])('survives %s', async (_, rule) => {
    fault(rule);
    await upload();
    expect(await upload()).toMatchObject({ sentBytes: 0 });
  });

  it('keeps an empty file out of LFS, even when the Hub wants it there', async () => {
    const empty = fileOf('empty.bin', new Uint8Array());
    const body = JSON.stringify({ files: [{ path: empty.path, uploadMode: 'lfs', shouldIgnore: false }] });
    fault({ operation: 'preupload', fault: { kind: 'status', status: 200, body } });
    expect(await upload([empty])).toMatchObject({ lfs: new Set(), regular: new Set(['empty.bin']), sentBytes: 0 });
    expect([count('lfs-batch'), count('put')]).toEqual([0, 0]);
  });

  it('stops when the worker has to stop', async () => {
    let stop = false;
    await expect(upload(undefined, { shouldStop: () => stop, onProgress: () => (stop = true) })).rejects.toMatchObject({
      code: 'hub/stopping',
      kind: 'unavailable',
    });
  });

  it.each<[string, number, string, string]>([
    ['an error of S3', 403, '<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>', 'hub/address-expired'],
    [
      'an error of Google',
      400,
      '<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>',
      'hub/address-expired',
    ],
    ['an empty body', 403, '', 'hub/forbidden'],
  ])('requests new URLs while the storage refuses them with %s, and does not blame the token', async (_, status, body, code) => {
    const expired: FaultRule = { operation: 'part', times: 999, fault: { kind: 'status', status, body } };
    fault(expired);
    await expect(upload()).rejects.toMatchObject({ code, kind: 'access', hint: expect.stringMatching(/^The storage refuses an address/) });
    expect(count('lfs-batch')).toBe(4);
  });

  it('reports a quota', async () => {
    fault({ operation: 'lfs-batch', times: 99, fault: { kind: 'status', status: 403, body: '{"error":"storage limit exceeded"}' } });
    await expect(upload()).rejects.toMatchObject({ kind: 'quota' });
  });

  it('refuses bytes that do not match the digest', async () => {
    await expect(upload([{ ...fileOf('x.safetensors', small), open: fileOf('x', randomBytes(1000)).open }])).rejects.toMatchObject({
      name: 'SwpError',
    });
  });
});

describe('a file that the Hub wants inside the commit', () => {
  const MIB = 1024 * 1024;
  /** A file that must not be read whole. */
  const huge = (size: number): UploadFile => ({
    ...fileOf('weights.bin', Buffer.alloc(0)),
    size,
    open: (begin, end) => {
      if (end - begin > 512) throw new Error(`${end - begin} bytes were read`);
      return Readable.from([Buffer.alloc(end - begin)]);
    },
  });
  const classify = (file: UploadFile) => {
    const answer = { files: [{ path: file.path, uploadMode: 'regular' }] };
    fault({ operation: 'preupload', fault: { kind: 'status', status: 200, body: JSON.stringify(answer) } });
    return classifyUploads(test.client, REPO, [file], { signal });
  };
  beforeEach(() => test.hub.admin.createRepo(REPO));

  it.each([10 * MIB + 1, 300 * 1000 * 1000])('is refused with %i bytes before they are read', async (size) => {
    await expect(classify(huge(size))).rejects.toMatchObject({
      code: 'hub/not-in-lfs',
      message: expect.stringContaining('weights.bin'),
      hint: expect.stringContaining('.gitattributes'),
    });
  });

  it('is accepted up to 10 MiB', async () => {
    expect((await classify(huge(10 * MIB))).regular).toEqual(new Set(['weights.bin']));
  });
});

describe('a commit', () => {
  let order: NewCommit;
  beforeEach(async () => {
    const parent = await test.hub.admin.createRepo(REPO);
    await upload();
    const digest = `sha256:${'e'.repeat(64)}`;
    const one = fileOf('one.safetensors', small);
    order = {
      repo: REPO,
      parent,
      title: 'Publish',
      trailers: { 'SWP-Plan': digest, 'SWP-Manifest': digest },
      files: [
        { path: one.path, lfs: one },
        { path: 'notes.md', content: Buffer.from('hi') },
      ],
      deletions: [],
    };
  });
  const commit = (over: Partial<NewCommit> = {}, treeMatches = true) =>
    commitOnce(test.client, { ...order, ...over }, { signal, treeMatches: () => Promise.resolve(treeMatches) });
  const commitByOther = () => test.hub.admin.commitFiles(REPO, new Map([['other', Buffer.from('x')]]), { message: 'Somebody' });

  it('follows its parent with our trailers', async () => {
    expect(await commit()).toMatchObject({ outcome: 'committed', settled: 'answered', commit: await test.hub.admin.head(REPO) });
    expect(await test.hub.admin.readFile(REPO, 'main', 'one.safetensors')).toEqual(small);
  });

  it('is found by a second call', async () => {
    await commit();
    expect(await commit()).toMatchObject({ outcome: 'committed', settled: 'found' });
    expect(count('commit')).toBe(1);
  });

  it.each<[string, FaultRule['fault'], number]>([
    ['applied, with a lost response', { kind: 'apply-then-reset' }, 1],
    ['not applied, with a cut connection', { kind: 'reset' }, 2],
    ['not applied, with a 504', { kind: 'status', status: 504 }, 2],
    ['not applied, with a 500', { kind: 'status', status: 500 }, 2],
  ])('is settled when it is %s', async (_, kind, sent) => {
    fault({ operation: 'commit', fault: kind });
    expect(await commit()).toMatchObject({ outcome: 'committed' });
    expect(count('commit')).toBe(sent);
    expect(await test.hub.admin.listCommits(REPO)).toHaveLength(2);
  });

  it('is stale after another commit, and is not sent', async () => {
    await commitByOther();
    expect(await commit()).toMatchObject({ outcome: 'stale', head: await test.hub.admin.head(REPO) });
    expect(count('commit')).toBe(0);
  });

  it('is stale when another commit comes between the lookup and the commit', async () => {
    let moved = false;
    test.hub.on(({ operation }) => {
      if (operation !== 'commit' || moved) return undefined;
      moved = true;
      return { kind: 'hold', until: commitByOther().then(() => undefined) };
    });
    expect(await commit()).toMatchObject({ outcome: 'stale' });
    expect(await test.hub.admin.listCommits(REPO)).toHaveLength(2);
  });

  it('is not recognised by its trailers when the tree differs', async () => {
    await commit();
    expect(await commit({}, false)).toMatchObject({ outcome: 'stale' });
  });

  it('fails with hub/lfs-missing when its blob is missing', async () => {
    const gone = fileOf('gone.safetensors', randomBytes(10));
    await expect(commit({ files: [{ path: gone.path, lfs: gone }] })).rejects.toMatchObject({ code: 'hub/lfs-missing' });
  });

  it('fails without a retry when it is forbidden', async () => {
    fault({ operation: 'commit', times: 9, fault: { kind: 'status', status: 403, body: '{"error":"Forbidden"}' } });
    await expect(commit()).rejects.toMatchObject({ kind: 'access' });
    expect(count('commit')).toBe(1);
  });

  it('is read back, and every kind of mismatch is found', async () => {
    await commit();
    const head = await test.hub.admin.head(REPO);
    const good = [describeBytes('one.safetensors', small), describeBytes('notes.md', Buffer.from('hi'))];
    const lookUp = (files: typeof good, sample: 'full' | { maxBytes: number; seed: string } = 'full') =>
      verifyPaths(test.client, REPO, head, files, { signal, sample });
    expect(await lookUp(good)).toMatchObject({ mismatches: [], readBack: { bytes: 1002 } });
    expect(await lookUp(good, { maxBytes: 10, seed: 's' })).toMatchObject({ mismatches: [], readBack: { bytes: 2 } });
    const seen: number[] = [];
    await verifyPaths(test.client, REPO, head, good, {
      signal,
      sample: 'full',
      onProgress: ({ doneBytes, totalBytes }) => void seen.push(doneBytes, totalBytes),
    });
    expect(seen.slice(-2)).toEqual([1002, 1002]);
    const wrong = [describeBytes('none', small), { ...good[0]!, size: 5 }, describeBytes('notes.md', Buffer.from('ho'))];
    expect((await lookUp(wrong)).mismatches.map(({ path, reason }) => `${path} ${reason.split(' ').slice(0, 2).join(' ')}`)).toEqual([
      'none is missing',
      'one.safetensors has 1000',
      'notes.md has git',
    ]);
    const { gitBlob: _, ...unlisted } = describeBytes('notes.md', Buffer.from('ho'));
    expect((await lookUp([unlisted])).mismatches).toMatchObject([
      { path: 'notes.md', reason: expect.stringContaining('its bytes have sha256') },
    ]);
  });
});
