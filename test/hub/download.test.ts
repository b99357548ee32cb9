import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Fault } from '../../dev/hub/index.js';
import { downloadFile, type ListedFile } from '../../hub/read/download.js';
import { readTree } from '../../hub/read/tree.js';
import { startTestHub, REPO, signal as never, type TestHub } from './support.js';

const SEGMENT = 50_000;
const large = randomBytes(10 * SEGMENT - 3);
const small = Buffer.from('{"a":1}\n');

let test: TestHub;
let directory: string;
let files: Map<string, ListedFile>;
beforeEach(async () => {
  test = await startTestHub();
  directory = await mkdtemp(join(tmpdir(), 'swp-download-'));
  await test.hub.admin.createRepo(REPO);
  const content = new Map<string, Uint8Array>([
    ['model.safetensors', large],
    ['config.json', small],
    ['empty.txt', new Uint8Array()],
  ]);
  const commit = await test.hub.admin.commitFiles(REPO, content, { message: 'weights' });
  files = new Map(
    (await readTree(test.client, REPO, commit, { signal: never })).map((file) => [file.path, { repo: REPO, commit, ...file }]),
  );
});
afterEach(async () => {
  await test.close();
  await rm(directory, { recursive: true, force: true });
});

const download = async (name = 'model.safetensors', signal: AbortSignal = never): Promise<number> => {
  let bytes = 0;
  const options = { signal, segmentBytes: SEGMENT, onBytes: (count: number) => void (bytes += count) };
  await downloadFile(test.client, files.get(name)!, join(directory, name), options);
  return bytes;
};
const ranges = (): number => test.hub.requests.filter(({ operation }) => operation === 'cdn').length;
/** Injects a fault into the ranges of the large file, from the nth on. */
const injectFault = (nth: number, times: number, fault: Fault): void => {
  let seen = 0;
  test.hub.on(({ operation }) => {
    if (operation !== 'cdn') return undefined;
    seen += 1;
    return seen >= nth && seen < nth + times ? fault : undefined;
  });
};

describe('a download', () => {
  it.each(['model.safetensors', 'config.json', 'empty.txt'])('writes the bytes of %s, and leaves no other file', async (name) => {
    expect(await download(name)).toBe(files.get(name)!.size);
    const wanted = { 'model.safetensors': large, 'config.json': small }[name] ?? Buffer.alloc(0);
    expect((await readFile(join(directory, name))).equals(wanted)).toBe(true);
    expect(await readdir(directory)).toEqual([name]);
  });

  it('resumes with the missing segments', async () => {
    const killed = new AbortController();
    const stop = test.hub.on(() => {
      if (ranges() > 6) killed.abort(new Error('killed'));
      return undefined;
    });
    await expect(download(undefined, killed.signal)).rejects.toThrow('killed');
    stop();
    const journal = (await readdir(directory)).find((name) => name.includes('.segments'))!;
    const done = (await readFile(join(directory, journal), 'utf8')).match(/\d+;/g)!.length;
    const before = ranges();
    expect(await download()).toBe(large.length);
    expect(ranges() - before).toBe(10 - done);
    expect((await readFile(join(directory, 'model.safetensors'))).equals(large)).toBe(true);
  });

  it('ignores a half-written journal line of a killed run', async () => {
    await writeFile(join(directory, 'model.safetensors.segments-50000'), '0;\n1');
    await writeFile(join(directory, 'model.safetensors.partial'), large.subarray(0, SEGMENT));
    await download();
    expect(ranges()).toBe(9);
  });

  it('starts again after a flipped bit, and counts its bytes once', async () => {
    injectFault(3, 1, { kind: 'corrupt-answer', at: 7 });
    expect(await download()).toBe(large.length);
    expect((await readFile(join(directory, 'model.safetensors'))).equals(large)).toBe(true);
    expect(ranges()).toBe(20);
  });

  it('is refused when it differs twice, and leaves nothing behind', async () => {
    injectFault(3, 1_000, { kind: 'corrupt-answer', at: 7 });
    await expect(download()).rejects.toMatchObject({ code: 'hub/file-differs' });
    expect(await readdir(directory)).toEqual([]);
  });

  it('downloads a segment again that has changed on disk', async () => {
    await writeFile(join(directory, 'model.safetensors.segments-50000'), '0;\n');
    await writeFile(join(directory, 'model.safetensors.partial'), randomBytes(SEGMENT));
    expect(await download()).toBe(large.length);
    expect((await readFile(join(directory, 'model.safetensors'))).equals(large)).toBe(true);
  });

  it('survives cut connections, resets and an unavailable CDN', async () => {
    injectFault(2, 1, { kind: 'reset-answer', afterBytes: 1_000 });
    injectFault(5, 2, { kind: 'status', status: 503 });
    injectFault(8, 1, { kind: 'reset' });
    await download();
    expect((await readFile(join(directory, 'model.safetensors'))).equals(large)).toBe(true);
  });
});
