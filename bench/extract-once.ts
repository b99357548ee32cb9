import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pMap from 'p-map';
import { z } from 'zod';
import { readMtpSource } from '../activities/facts/mtp.js';
import { readSource } from '../activities/facts/source.js';
import { extractMtp, readersOf } from '../activities/mtp/extract.js';
import { RepoId } from '../core/ids.js';
import type { RangeReader } from '../hub/read/range.js';

const Order = z.object({ way: z.enum(['swp', 'naive']), endpoint: z.string(), repo: RepoId, directory: z.string() });

const SAMPLE_MS = 20;
const FILES_IN_FLIGHT = 4;

// One extraction in a process of its own, so that its memory is its own.
const { way, endpoint, repo, directory } = Order.parse(JSON.parse(process.argv[2] ?? '{}'));
const { signal } = new AbortController();
const hub = { endpoint: new URL(endpoint) };
await mkdir(directory, { recursive: true });

/** Whole files to disk first, and the same extraction from there. */
const downloadAll = async (
  paths: readonly string[],
  readerOf: (path: string) => RangeReader,
  sizes: ReadonlyMap<string, number>,
): Promise<void> => {
  await pMap(
    paths,
    (path) => pipeline(Readable.from(readerOf(path).read(0, sizes.get(path) ?? 0, signal)), createWriteStream(join(directory, path))),
    { concurrency: FILES_IN_FLIGHT },
  );
};
const localReader = (path: string): RangeReader => ({
  read: (begin, end) => createReadStream(join(directory, path), { start: begin, end: end - 1, highWaterMark: 1 << 18 }),
});

let peakBytes = 0;
const sample = setInterval(() => (peakBytes = Math.max(peakBytes, process.memoryUsage.rss())), SAMPLE_MS);
const begin = performance.now();
const source = await readSource(hub, repo, null, signal);
if (source === null) throw new Error(`${repo} is not there`);
const selection = await readMtpSource(hub, source, 'source', signal);
const remote = readersOf(hub, source);
const touched = [...new Set(selection.tensors.map(({ file }) => file))];
if (way === 'naive') await downloadAll(touched, remote, new Map(source.files.map(({ path, size }) => [path, size])));
const readerOf = way === 'naive' ? localReader : remote;
const { sha256 } = await extractMtp({ source, readerOf, selection, directory, signal, onProgress: () => undefined });
const seconds = (performance.now() - begin) / 1000;
clearInterval(sample);
const neededBytes = selection.tensors.reduce((sum, tensor) => sum + tensor.end - tensor.begin, 0);
const touchedBytes = source.files.filter(({ path }) => touched.includes(path)).reduce((sum, { size }) => sum + size, 0);
process.stdout.write(
  JSON.stringify({ seconds, peakBytes: Math.max(peakBytes, process.memoryUsage.rss()), neededBytes, touchedBytes, sha256 }),
);
process.exit(0);
