import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SwpError } from '../../core/error.js';
import { THIS_MACHINE } from '../../core/this-machine.js';
import { AdaptiveConcurrency } from '../../hub/write/adaptive-concurrency.js';
import { lfsBatch, type MultipartInstructions } from '../../hub/write/lfs-batch.js';
import { PartJournal } from '../../hub/write/part-journal.js';
import { sendPartsReadOnce } from '../../hub/write/send-read-once.js';
import { uploadBlobs, type UploadFile } from '../../hub/write/upload.js';
import { emptyJournal, fileOf, startTestHub, REPO, signal as never, type TestHub } from './support.js';

const CHUNK = 100_000;
const PARTS = 12;
const large = randomBytes(PARTS * CHUNK - 7);
const small = randomBytes(3 * 65_536);

let test: TestHub;
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-once-'));
});
afterEach(async () => {
  await test.close();
  await rm(directory, { recursive: true, force: true });
});
const start = async (options: Parameters<typeof startTestHub>[0] = { multipartThreshold: 5 * CHUNK, chunkSize: CHUNK }): Promise<void> => {
  test = await startTestHub(options);
  await test.hub.admin.createRepo(REPO);
};

/** A file with a remote source, and the ranges that were read from it. */
const remoteFile = (path: string, bytes: Uint8Array, planned: Uint8Array = bytes) => {
  const reads: [number, number][] = [];
  const file: UploadFile = {
    ...fileOf(path, planned),
    readOnce: true,
    open: (begin, end) =>
      Readable.from(
        (async function* () {
          // The first bytes are read separately: from them the Hub distinguishes text from binary.
          if (end - begin > 512) reads.push([begin, end]);
          for (let at = begin; at < end; at += 65_536) {
            await Promise.resolve();
            yield bytes.subarray(at, Math.min(end, at + 65_536));
          }
        })(),
        { objectMode: false },
      ),
  };
  return { file, reads };
};

const upload = async (files: readonly UploadFile[], signal: AbortSignal = never, shouldStop = () => false) => {
  const journal = await PartJournal.open(THIS_MACHINE, join(directory, 'parts.jsonl'));
  try {
    return await uploadBlobs(test.client, REPO, files, { signal, journal, shouldStop, onProgress: () => undefined });
  } finally {
    await journal.close();
  }
};
const partsSent = (): number[] =>
  test.hub.requests.flatMap(({ operation, part }) => (operation === 'part' && part !== undefined ? [part] : []));
const completions = (): number => test.hub.requests.filter(({ operation }) => operation === 'complete').length;
const failure = (run: Promise<unknown>): Promise<SwpError> =>
  run.then(
    () => {
      throw new Error('it went well');
    },
    (error: SwpError) => error,
  );

describe('a file that is read once', () => {
  it('is read once from its first byte to its last while its parts are sent', async () => {
    await start();
    const { file, reads } = remoteFile('model.safetensors', large);
    expect(await upload([file])).toMatchObject({ sentBytes: large.length, skippedBytes: 0, unseenBytes: 0 });
    expect(reads.map(([begin]) => begin)).toEqual(Array.from({ length: PARTS }, (_, part) => part * CHUNK));
    expect(reads.reduce((sum, [begin, end]) => sum + end - begin, 0)).toBe(large.length);
    expect(partsSent().toSorted((a, b) => a - b)).toEqual(Array.from({ length: PARTS }, (_, part) => part + 1));
  });

  it('is sent in several parts concurrently', async () => {
    await start();
    let open = 0;
    let most = 0;
    test.hub.on(({ operation }) => {
      if (operation !== 'part') return undefined;
      open += 1;
      most = Math.max(most, open);
      return { kind: 'hold', until: delay(5).then(() => void (open -= 1)) };
    });
    await upload([remoteFile('model.safetensors', large).file]);
    expect(most).toBeGreaterThan(1);
  });

  it('is sent completely when its parts are many more than its buffers, and the last part is shorter', async () => {
    const chunkSize = 20_000;
    await start({ multipartThreshold: chunkSize, chunkSize });
    const { file, reads } = remoteFile('model.safetensors', large);
    expect(await upload([file])).toMatchObject({ sentBytes: large.length });
    expect(reads).toHaveLength(Math.ceil(large.length / chunkSize));
    expect(completions()).toBe(1);
  });

  it('keeps the parts in flight when the worker stops', async () => {
    await start();
    const inFlight = new AdaptiveConcurrency().count;
    let allArrived = (): void => undefined;
    const arrived = new Promise<void>((resolve) => (allArrived = resolve));
    test.hub.on(({ operation, part }) => {
      if (operation !== 'part') return undefined;
      if (partsSent().length >= inFlight) allArrived();
      return { kind: 'hold', until: part === 1 ? arrived : arrived.then(() => delay(100)) };
    });
    const stopping = upload([remoteFile('model.safetensors', large).file], never, () => partsSent().length >= inFlight);
    expect(await failure(stopping)).toMatchObject({ kind: 'unavailable', code: 'hub/stopping' });
    expect(partsSent()).toHaveLength(inFlight);
    expect(await upload([remoteFile('model.safetensors', large).file])).toMatchObject({ skippedBytes: inFlight * CHUNK });
  });

  it('is read again after a kill, and only its unsent parts are sent', async () => {
    await start();
    const killed = new AbortController();
    const stop = test.hub.on(() => {
      if (partsSent().length > 6) killed.abort(new Error('killed'));
      return undefined;
    });
    await expect(upload([remoteFile('model.safetensors', large).file], killed.signal)).rejects.toThrow('killed');
    stop();
    const before = partsSent().length;
    const { file, reads } = remoteFile('model.safetensors', large);
    const { sentBytes, skippedBytes } = await upload([file]);
    expect(skippedBytes).toBeGreaterThan(CHUNK);
    expect(sentBytes + skippedBytes).toBe(large.length);
    expect(partsSent().length - before).toBe(Math.ceil(sentBytes / CHUNK));
    expect(reads).toHaveLength(PARTS);
  });

  it('is not completed when its bytes differ from the planned ones', async () => {
    await start();
    const other = Buffer.from(large);
    other[555_555] = (other[555_555] ?? 0) ^ 1;
    const { file } = remoteFile('model.safetensors', other, large);
    expect(await failure(upload([file]))).toMatchObject({
      code: 'hub/source-differs',
      kind: 'integrity',
      hint: expect.stringContaining('Nothing was published'),
    });
    expect(completions()).toBe(0);
    // None of its parts are used: the right bytes are sent from the start.
    expect(await upload([remoteFile('model.safetensors', large).file])).toMatchObject({ sentBytes: large.length, skippedBytes: 0 });
  });

  it('does not complete a plain PUT when its bytes differ from the planned ones', async () => {
    await start();
    const other = Buffer.from(small);
    other[0] = (other[0] ?? 0) ^ 1;
    expect(await failure(upload([remoteFile('small.bin', other, small).file]))).toMatchObject({ code: 'hub/source-differs' });
    expect(await upload([remoteFile('small.bin', small).file])).toMatchObject({ sentBytes: small.length });
  });

  it('keeps its sent parts when the source becomes unreadable', async () => {
    await start();
    const { file } = remoteFile('model.safetensors', large);
    const broken: UploadFile = {
      ...file,
      open: (begin, end) => {
        if (begin >= 8 * CHUNK)
          return Readable.from(
            // eslint-disable-next-line require-yield
            (async function* (): AsyncGenerator<Uint8Array> {
              while (!(await readFile(join(directory, 'parts.jsonl'), 'utf8')).includes('"kind":"sent"'))
                await new Promise((resolve) => setImmediate(resolve));
              throw new SwpError('access', 'mirror/source-unreadable', 'gated');
            })(),
          );
        return file.open(begin, end);
      },
    };
    expect(await failure(upload([broken]))).toMatchObject({ code: 'mirror/source-unreadable' });
    const { skippedBytes } = await upload([remoteFile('model.safetensors', large).file]);
    expect(skippedBytes).toBeGreaterThan(0);
  });

  it('is read again for each attempt when a part is too large for memory', async () => {
    const chunk = 97 * 1024 * 1024;
    const huge = Buffer.alloc(chunk + 1_000_000, 7);
    await start({ multipartThreshold: chunk, chunkSize: chunk });
    test.hub.on(({ operation }) => (operation === 'part' && partsSent().length === 1 ? { kind: 'status', status: 503 } : undefined));
    const { file, reads } = remoteFile('huge.safetensors', huge);
    expect(await upload([file])).toMatchObject({ unseenBytes: 0 });
    expect(reads.map(([begin]) => begin)).toEqual([0, 0, chunk]);
    expect(completions()).toBe(1);
  });

  it('is not sent in another order than that of its bytes', async () => {
    await start();
    const { file } = remoteFile('model.safetensors', large);
    const journal = await emptyJournal();
    const instructions = (await lfsBatch(test.client, REPO, [file], { signal: never })).get(file.path) as MultipartInstructions;
    const started = await journal.begin(file.sha256, { ...instructions, parts: instructions.parts.toReversed() });
    const sending = sendPartsReadOnce(test.client, file, started, journal, {
      signal: never,
      concurrency: new AdaptiveConcurrency(),
      shouldStop: () => false,
      onBytes: () => undefined,
      onSkipped: () => undefined,
    });
    expect(await failure(sending)).toMatchObject({ kind: 'internal', code: 'hub/out-of-order' });
    await journal.close();
    expect(completions()).toBe(0);
  });

  it('counts bytes on the Hub as unseen only when this journal did not send them', async () => {
    await start();
    expect(await upload([remoteFile('model.safetensors', large).file])).toMatchObject({ unseenBytes: 0 });
    expect(await upload([remoteFile('model.safetensors', large).file])).toMatchObject({ sentBytes: 0, unseenBytes: 0 });
    await rm(join(directory, 'parts.jsonl'));
    expect(await upload([remoteFile('model.safetensors', large).file])).toMatchObject({ sentBytes: 0, unseenBytes: large.length });
  });

  it('is sent once when two paths have the same bytes', async () => {
    await start();
    const first = remoteFile('a.safetensors', large);
    const second = remoteFile('b.safetensors', large);
    expect(await upload([first.file, second.file])).toMatchObject({ sentBytes: large.length });
    expect(first.reads.length + second.reads.length).toBe(PARTS);
  });
});
