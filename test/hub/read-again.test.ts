import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SwpError } from '../../core/error.js';
import { GitBlobId, Sha256 } from '../../core/ids.js';
import type { Hub } from '../../hub/hub.js';
import { readSmallFile } from '../../hub/read/read-small-file.js';
import { verifyPaths } from '../../hub/read/verify-files.js';
import { gitBlobOf, sha256Of } from '../../core/digests.js';
import { describeBytes } from '../../plan/manifest.js';
import { COMMIT, config, REPO, signal, tiny, type TinyServer } from './support.js';

const RIGHT = Buffer.from('right bytes');
const WRONG = Buffer.from('wrong bytes');
const FILE = describeBytes('m.safetensors', RIGHT);
const LISTED = { path: FILE.path, size: FILE.size, gitBlob: gitBlobOf(RIGHT), lfs: null };

let server: TinyServer;
let answers: Buffer[];
let sockets: Socket[];
let retries: SwpError[];
let hub: Hub;
beforeEach(async () => {
  sockets = [];
  retries = [];
  server = await tiny((request, answer) => {
    const bytes = request.method === 'HEAD' ? Buffer.alloc(0) : (answers.shift() ?? RIGHT);
    if (request.method !== 'HEAD') sockets.push(request.socket);
    const requested = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '');
    if (requested === null) return void answer.writeHead(200).end(bytes);
    const [begin, last] = [Number(requested[1]), Number(requested[2])];
    answer.writeHead(206, { 'content-range': `bytes ${begin}-${last}/${bytes.length}` }).end(bytes.subarray(begin, last + 1));
  });
  hub = config(server.url, { onRetry: (error) => void retries.push(error) });
});
afterEach(() => server.close());

describe('a file that is read back', () => {
  const verify = (progress: number[] = []) =>
    verifyPaths(hub, REPO, COMMIT, [FILE], {
      signal,
      sample: 'full',
      tree: [LISTED],
      onProgress: ({ doneBytes }) => void progress.push(doneBytes),
    });

  it('is read once when it is right', async () => {
    answers = [RIGHT];
    expect(await verify()).toMatchObject({ mismatches: [], readBack: { bytes: RIGHT.length }, wrongOnce: [] });
    expect(sockets).toHaveLength(1);
  });

  it('is no mismatch when it is wrong only once, and the retry is reported', async () => {
    answers = [WRONG, RIGHT];
    const progress: number[] = [];
    expect(await verify(progress)).toMatchObject({ mismatches: [], readBack: { bytes: RIGHT.length }, wrongOnce: [FILE.path] });
    expect(retries).toMatchObject([{ code: 'hub/file-differs', message: expect.stringContaining(FILE.path) }]);
    expect(Math.max(...progress)).toBe(RIGHT.length);
  });

  it('is read again over another connection', async () => {
    answers = [WRONG, RIGHT];
    await verify();
    expect(new Set(sockets).size).toBe(2);
  });

  it('is read again only in the sample that was wrong', async () => {
    answers = [RIGHT, WRONG, RIGHT];
    const samples = [
      { begin: 6, end: 11, sha256: Sha256.parse(sha256Of(RIGHT.subarray(6))) },
      { begin: 0, end: 5, sha256: Sha256.parse(sha256Of(RIGHT.subarray(0, 5))) },
    ];
    const sample = { maxBytes: 0, seed: 's' };
    expect(await verifyPaths(hub, REPO, COMMIT, [{ ...FILE, samples }], { signal, sample, tree: [LISTED] })).toMatchObject({
      mismatches: [],
      readBack: { bytes: 10, sampledFiles: 1 },
      wrongOnce: [FILE.path],
    });
    expect(sockets).toHaveLength(3);
  });

  it('is a mismatch of its bytes when it is wrong twice', async () => {
    answers = [WRONG, Buffer.from('other bytes')];
    const { mismatches, wrongOnce } = await verify();
    expect(mismatches).toMatchObject([{ path: FILE.path, shownBy: 'bytes', reason: expect.stringMatching(/is listed correctly.*twice/) }]);
    expect(wrongOnce).toEqual([]);
    expect(sockets).toHaveLength(2);
  });
});

describe('a small file', () => {
  const read = () =>
    readSmallFile(
      hub,
      { repo: REPO, commit: COMMIT, path: FILE.path, maxBytes: 99, file: { ...LISTED, gitBlob: GitBlobId.parse(LISTED.gitBlob) } },
      { signal },
    );

  it('is accepted when it is wrong only once', async () => {
    answers = [WRONG, RIGHT];
    expect(Buffer.from(await read())).toEqual(RIGHT);
    expect(new Set(sockets).size).toBe(2);
    expect(retries).toMatchObject([{ code: 'hub/file-differs' }]);
  });

  it('is refused when it is wrong twice', async () => {
    answers = [WRONG, WRONG];
    await expect(read()).rejects.toMatchObject({ code: 'hub/file-differs', kind: 'integrity' });
    expect(sockets).toHaveLength(2);
  });
});
