import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withUploadRate, type Hub } from '../../hub/hub.js';
import { AdaptiveConcurrency, MAX_CONCURRENCY } from '../../hub/write/adaptive-concurrency.js';
import { findLostBlobs } from '../../hub/write/lost-blobs.js';
import { PartJournal } from '../../hub/write/part-journal.js';
import { uploadBlobs, type UploadFile, type UploadProgress } from '../../hub/write/upload.js';
import { machineWithClock } from '../support/machine.js';
import { fileOf, startTestHub, REPO, signal as never, type TestHub } from './support.js';

const CHUNK = 100_000;
const PARTS = 20;
const large = randomBytes(PARTS * CHUNK - 7);

let test: TestHub;
const machine = machineWithClock({ now: () => now });
let directory: string;
let now: number;
beforeEach(async () => {
  now = Date.now();
  directory = await mkdtemp(join(tmpdir(), 'swp-upload-'));
  test = await startTestHub({ multipartThreshold: CHUNK, chunkSize: CHUNK, machine });
  await test.hub.admin.createRepo(REPO);
});
afterEach(async () => {
  await test.close();
  await rm(directory, { recursive: true, force: true });
});

const journalPath = (): string => join(directory, 'parts.jsonl');
const upload = async (
  files: readonly UploadFile[] = [fileOf('large.safetensors', large)],
  over: { readonly signal?: AbortSignal; readonly onProgress?: (progress: UploadProgress) => void; readonly hub?: Hub } = {},
) => {
  const journal = await PartJournal.open(machine, journalPath());
  const { hub = test.client, signal = never, onProgress = () => undefined } = over;
  try {
    return await uploadBlobs(hub, REPO, files, { signal, journal, shouldStop: () => false, onProgress });
  } finally {
    await journal.close();
  }
};
const puts = (): number[] => test.hub.requests.flatMap(({ operation, part }) => (operation === 'part' && part !== undefined ? [part] : []));
const batches = (): number => test.hub.requests.filter(({ operation }) => operation === 'lfs-batch').length;

/** Uploads until this many parts have arrived, then aborts like a killed process. */
const cutAfter = async (parts: number): Promise<void> => {
  const killed = new AbortController();
  const stop = test.hub.on(({ operation }) => {
    if (operation === 'part' && puts().length > parts) killed.abort(new Error('killed'));
    return undefined;
  });
  await expect(upload(undefined, { signal: killed.signal })).rejects.toThrow('killed');
  stop();
};

describe('an interrupted upload', () => {
  it('sends only the unfinished parts again, without requesting new URLs', async () => {
    await cutAfter(9);
    const before = puts();
    const [batchesBefore, sent] = [batches(), (await readFile(journalPath(), 'utf8')).match(/"kind":"sent"/g)?.length ?? 0];
    expect(sent).toBeGreaterThan(3);
    const { sentBytes, skippedBytes } = await upload();
    expect(puts().length - before.length).toBe(PARTS - sent);
    expect(sentBytes + skippedBytes).toBe(large.length);
    expect(batches()).toBe(batchesBefore);
    expect(await upload()).toMatchObject({ sentBytes: 0, skippedBytes: large.length });
  });

  it('requests new URLs when the old ones have expired', async () => {
    await cutAfter(9);
    const before = puts().length;
    now += 25 * 3_600_000;
    expect(await upload()).toMatchObject({ sentBytes: large.length, skippedBytes: 0 });
    expect(puts().length - before).toBe(PARTS);
  });

  it('requests new URLs when the server has forgotten the upload', async () => {
    await cutAfter(9);
    await rm(join(test.hub.directory, 'uploads'), { recursive: true, maxRetries: 10 });
    const before = puts().length;
    expect(await upload()).toMatchObject({ sentBytes: large.length });
    expect(puts().length - before).toBeGreaterThan(PARTS);
    expect(await upload()).toMatchObject({ sentBytes: 0 });
  });

  it('ignores journal lines that are truncated or changed', async () => {
    await cutAfter(9);
    const lines = (await readFile(journalPath(), 'utf8')).trimEnd().split('\n');
    const changed = lines.map((line, at) => (at === 2 ? line.replace(/"etag":"."/, '"etag":"f"').replace(/.$/, ' ') : line));
    await writeFile(journalPath(), `${changed.join('\n')}\n${lines[1]?.slice(0, 90)}`);
    const before = puts().length;
    await upload();
    expect(puts().length - before).toBe(PARTS - (lines.length - 2));
    expect(await upload()).toMatchObject({ sentBytes: 0 });
  });

  it('keeps its journal accessible only to its owner', async () => {
    await cutAfter(5);
    expect((await stat(journalPath())).mode & 0o777).toBe(0o600);
  });
});

it('sends files concurrently, and reports progress to the end', async () => {
  const files = Array.from({ length: 12 }, (_, at) => fileOf(`f${at}.safetensors`, randomBytes(40_000 + at)));
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let open = 0;
  let most = 0;
  test.hub.on(({ operation }) => {
    if (operation === 'put') {
      open += 1;
      most = Math.max(most, open);
      setTimeout(() => (open -= 1), 5);
    }
    return undefined;
  });
  const seen: UploadProgress[] = [];
  await upload(files, { onProgress: (progress) => seen.push(progress) });
  expect(most).toBeGreaterThan(1);
  expect(seen.at(-1)).toMatchObject({ doneBytes: total, totalBytes: total, doneFiles: 12, totalFiles: 12 });
  expect(seen.every(({ doneBytes }, at) => doneBytes >= (seen[at - 1]?.doneBytes ?? 0))).toBe(true);
});

it('does not count a part twice that is sent again', async () => {
  let failed = false;
  test.hub.on(({ operation, part }) => {
    if (operation !== 'part' || part !== 3 || failed) return undefined;
    failed = true;
    return { kind: 'apply-then-reset' };
  });
  const seen: UploadProgress[] = [];
  const { sentBytes } = await upload(undefined, { onProgress: (progress) => seen.push(progress) });
  expect(sentBytes).toBe(large.length);
  expect(Math.max(...seen.map(({ doneBytes }) => doneBytes))).toBe(large.length);
});

it('sends every byte through the pace of its worker', async () => {
  // The clock stands still, so the last byte waits for the time that all bytes take.
  const hub = withUploadRate(
    { ...test.client, machine: { ...test.client.machine, clock: { ...test.client.machine.clock, elapsed: () => 0 } } },
    1000,
  );
  await upload([fileOf('large.safetensors', large), fileOf('small.safetensors', randomBytes(1000))], { hub });
  expect(Math.max(...test.client.waits)).toBe(large.length + 1000);
});

describe('concurrency', () => {
  const round = (
    concurrency: AdaptiveConcurrency,
    count: number,
    task: (onThrottle: () => void) => Promise<void> = () => Promise.resolve(),
  ) => Promise.all(Array.from({ length: count }, () => concurrency.run(task)));

  it('grows by one after each successful round, up to a bound', async () => {
    const concurrency = new AdaptiveConcurrency();
    const first = concurrency.count;
    await round(concurrency, first);
    expect(concurrency.count).toBe(first + 1);
    await round(concurrency, 1000);
    expect(concurrency.count).toBe(MAX_CONCURRENCY);
  });

  it('is halved by concurrent throttles, and stays at least one', async () => {
    const concurrency = new AdaptiveConcurrency();
    await round(concurrency, 1000);
    let release = (): void => undefined;
    const all = new Promise<void>((resolve) => (release = resolve));
    let begun = 0;
    await round(concurrency, MAX_CONCURRENCY, async (onThrottle) => {
      begun += 1;
      if (begun === MAX_CONCURRENCY) release();
      await all;
      onThrottle();
    });
    expect(concurrency.count).toBeLessThanOrEqual(MAX_CONCURRENCY / 2 + 1);
    for (let at = 0; at < 10; at += 1)
      await concurrency.run((onThrottle) => {
        onThrottle();
        return Promise.resolve();
      });
    expect(concurrency.count).toBeGreaterThanOrEqual(1);
  });
});

describe('blobs that wait for their commit', () => {
  const file = fileOf('large.safetensors', large);
  const lost = async (): Promise<string[]> => {
    const journal = await PartJournal.open(machine, journalPath());
    try {
      return (await findLostBlobs(test.client, REPO, [file], journal, { signal: never })).map(({ path }) => path);
    } finally {
      await journal.close();
    }
  };

  it('are checked only when the Hub was last seen with them more than 15 hours ago', async () => {
    await upload();
    const batchesBefore = batches();
    now += 14 * 3_600_000;
    expect(await lost()).toEqual([]);
    expect(batches()).toBe(batchesBefore);
    now += 2 * 3_600_000;
    expect(await lost()).toEqual([]);
    expect(batches()).toBe(batchesBefore + 1);
    expect(await lost()).toEqual([]);
    expect(batches()).toBe(batchesBefore + 1);
  });

  it('are reported when the Hub dropped them, and sent again by the next upload', async () => {
    await upload();
    await test.hub.admin.deleteRepo(REPO);
    await test.hub.admin.createRepo(REPO);
    now += 16 * 3_600_000;
    expect(await lost()).toEqual(['large.safetensors']);
    expect(await upload()).toMatchObject({ sentBytes: large.length });
    expect(await lost()).toEqual([]);
  });

  it('are checked when the journal does not know them', async () => {
    expect(await lost()).toEqual(['large.safetensors']);
  });
});
