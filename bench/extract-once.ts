import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pMap from 'p-map';
import { z } from 'zod';
import { THIS_MACHINE } from '../core/this-machine.js';
import { openHub } from '../hub/hub.js';
import { readMtpSource } from '../publish/facts/read-mtp-source.js';
import { readSource } from '../publish/facts/read-source.js';
import { EXTRACTION_WORK, extractMtp } from '../publish/build/mtp/extract-mtp.js';
import { stagedPath } from '../publish/build/mtp/stage-shards.js';
import { connectSource } from '../publish/build/source-readers.js';
import { RepoId } from '../core/ids.js';
import type { RepoFile } from '../hub/repo-file.js';
import { SourceProof } from '../plan/source-proof.js';

const Options = z.object({ way: z.enum([...SourceProof.options, 'naive']), endpoint: z.string(), repo: RepoId, directory: z.string() });

const SAMPLE_MS = 20;
const FILES_IN_FLIGHT = 4;

// Runs one extraction in its own process, so that the peak memory covers nothing else.
const { way, endpoint, repo, directory } = Options.parse(JSON.parse(process.argv[2] ?? '{}'));
const { signal } = new AbortController();
const hub = openHub({ endpoint: new URL(endpoint) }, THIS_MACHINE);
await mkdir(directory, { recursive: true });

let peakBytes = 0;
const sample = setInterval(() => (peakBytes = Math.max(peakBytes, process.memoryUsage.rss())), SAMPLE_MS);
const begin = performance.now();
const source = await readSource(hub, repo, null, signal);
if (source === null) throw new Error(`${repo} is not there`);
const selection = await readMtpSource(hub, source, 'source', signal);
const paths = new Set(selection.tensors.map(({ file }) => file));
const touchedFiles = source.files.filter(({ path }) => paths.has(path));

/** Downloads whole shards to disk and compares them with nothing. The extraction then reads them from there. */
const downloadAll = async (): Promise<void> => {
  const readers = connectSource(hub, source);
  const download = async (file: RepoFile): Promise<void> => {
    const path = stagedPath(join(directory, EXTRACTION_WORK.at(-1) ?? ''), file);
    await mkdir(dirname(path), { recursive: true });
    await pipeline(Readable.from(readers.readerOf(file.path).read(0, file.size, signal)), createWriteStream(path));
  };
  await pMap(touchedFiles, download, { concurrency: FILES_IN_FLIGHT });
  readers.close();
};
if (way === 'naive') await downloadAll();
const proof = way === 'naive' ? 'shard-sha256' : way;
const { sha256 } = await extractMtp({ hub, source, selection, proof, directory, signal, onProgress: () => undefined });
const seconds = (performance.now() - begin) / 1000;
clearInterval(sample);
const neededBytes = selection.tensors.reduce((sum, tensor) => sum + tensor.end - tensor.begin, 0);
const touchedBytes = touchedFiles.reduce((sum, { size }) => sum + size, 0);
process.stdout.write(
  JSON.stringify({ seconds, peakBytes: Math.max(peakBytes, process.memoryUsage.rss()), neededBytes, touchedBytes, sha256 }),
);
process.exit(0);
