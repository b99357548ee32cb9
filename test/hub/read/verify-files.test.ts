import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BLOCK_BYTES } from '../../../core/blocks.js';
import { digestsOf } from '../../../core/file-digests.js';
import type { CommitSha } from '../../../core/ids.js';
import { verifyPaths, type ReadBack } from '../../../hub/read/verify-files.js';
import { describeBytes, samplesOf, type ManifestFile } from '../../../plan/manifest.js';
import { startTestHub, REPO, signal, type TestHub } from '../support.js';

const LARGE = 6 * BLOCK_BYTES + 1_000;
const large = randomBytes(LARGE);
const small = randomBytes(2_000);
const notes = Buffer.from('hello');
const SAMPLED = 3 * BLOCK_BYTES + 1_000;
const { sha256, blocks } = digestsOf(large);
const samples = samplesOf(LARGE, sha256, blocks);
const FILES: ManifestFile[] = [
  { path: 'large.safetensors', size: LARGE, sha256, samples },
  describeBytes('small.safetensors', small),
  describeBytes('notes.txt', notes),
];
const TOTAL_BYTES = LARGE + small.byteLength + notes.byteLength;

let test: TestHub;
let commit: CommitSha;
beforeAll(async () => {
  test = await startTestHub();
  await test.hub.admin.createRepo(REPO);
  const files = new Map([
    ['large.safetensors', large],
    ['small.safetensors', small],
    ['notes.txt', notes],
  ]);
  await test.hub.admin.commitFiles(REPO, files, { message: 'All' });
  commit = await test.hub.admin.head(REPO);
});
afterAll(() => test.close());

const lookUp = (sample: ReadBack, files = FILES) => verifyPaths(test.client, REPO, commit, files, { signal, sample });
/** Flips a bit in one byte of the large file, in the response that holds it. */
const flipAt = (place: number): (() => void) =>
  test.hub.on(({ operation, file, range }) => {
    const [, begin = '0', end = '0'] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
    const isIn = Number(begin) <= place && place <= Number(end);
    return operation === 'cdn' && file === 'large.safetensors' && isIn ? { kind: 'corrupt-answer', at: place - Number(begin) } : undefined;
  });

describe('reading back', () => {
  it('reads samples of a large file and whole small files, and counts their bytes', async () => {
    expect(await lookUp({ maxBytes: 100_000, seed: 's' })).toEqual({
      mismatches: [],
      wrongOnce: [],
      readBack: {
        bytes: SAMPLED + small.byteLength + notes.byteLength,
        ofBytes: TOTAL_BYTES,
        wholeFiles: 2,
        sampledFiles: 1,
        unreadFiles: 0,
      },
    });
  });

  it('counts the files that it does not read', async () => {
    expect(await lookUp({ maxBytes: 10, seed: 's' })).toMatchObject({
      readBack: { bytes: SAMPLED + notes.byteLength, ofBytes: TOTAL_BYTES, wholeFiles: 1, sampledFiles: 1, unreadFiles: 1 },
    });
    expect(await lookUp('nothing')).toMatchObject({
      readBack: { bytes: 0, ofBytes: TOTAL_BYTES, wholeFiles: 0, sampledFiles: 0, unreadFiles: 3 },
    });
    expect(await lookUp('full')).toMatchObject({
      readBack: { bytes: TOTAL_BYTES, ofBytes: TOTAL_BYTES, wholeFiles: 3, sampledFiles: 0, unreadFiles: 0 },
    });
  });

  it('reads only samples of files outside the given paths', async () => {
    expect(await lookUp({ paths: new Set(['notes.txt']) })).toMatchObject({
      readBack: { bytes: SAMPLED + notes.byteLength, wholeFiles: 1, sampledFiles: 1, unreadFiles: 1 },
    });
  });

  it('finds a byte that differs in a sample', async () => {
    for (const { begin, end } of samples) {
      const stop = flipAt(end - 1);
      const { mismatches } = await lookUp({ maxBytes: 100_000, seed: 's' }).finally(stop);
      expect(mismatches).toMatchObject([
        { path: 'large.safetensors', shownBy: 'bytes', reason: expect.stringContaining(`bytes ${begin} to ${end} have sha256`) },
      ]);
    }
  });

  it('finds a byte that differs outside the samples when it reads everything', async () => {
    const stop = flipAt(samples[1]!.begin - 1);
    expect((await lookUp('full').finally(stop)).mismatches).toMatchObject([{ path: 'large.safetensors', shownBy: 'bytes' }]);
  });

  it('does not read back a file with a wrong listing, and counts it as unread', async () => {
    const wrong = [{ ...FILES[0]!, sha256: digestsOf(small).sha256 }];
    expect(await lookUp({ maxBytes: 100_000, seed: 's' }, wrong)).toMatchObject({
      mismatches: [{ shownBy: 'listing' }],
      readBack: { bytes: 0, ofBytes: LARGE, unreadFiles: 1 },
    });
  });
});
