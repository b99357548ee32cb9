import { createReadStream } from 'node:fs';
import { request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { THIS_MACHINE } from '../core/this-machine.js';
import { openHub } from '../hub/hub.js';
import { openLocalFile } from '../publish/seal/sealed-file.js';
import { blockCount, BLOCK_BYTES } from '../core/blocks.js';
import { digestFile, digestsOf } from '../core/file-digests.js';
import { hashFile } from '../core/files.js';
import { RepoId, Sha256 } from '../core/ids.js';
import { PartJournal } from '../hub/write/part-journal.js';
import { uploadBlobs } from '../hub/write/upload.js';

const Options = z.object({
  way: z.enum(['swp', 'uncompared', 'plain', 'digests', 'hash']),
  path: z.string(),
  size: z.number(),
  endpoint: z.string(),
});

const SAMPLE_MS = 20;

const sendPlain = async (path: string, size: number, endpoint: string): Promise<void> => {
  const outgoing = request(new URL('/sink/plain', endpoint), { method: 'PUT', headers: { 'content-length': size } });
  const responded = new Promise<void>((resolve, reject) =>
    outgoing.once('response', (response) => response.resume().once('end', resolve)).once('error', reject),
  );
  await pipeline(createReadStream(path), outgoing);
  await responded;
};

type Open = (begin: number, end: number) => Readable;

/** Opens the file as a sealed file, with every block compared. Its bytes are zeros, so all blocks but the last have the same digest. */
const compared = (path: string, size: number): Open => {
  const [block] = digestsOf(new Uint8Array(BLOCK_BYTES)).blocks;
  const blocks = Array.from({ length: blockCount(size) }, () => Sha256.parse(block));
  return (begin, end) => openLocalFile(THIS_MACHINE.files, { path, size, blocks }, begin, end);
};

const uncompared =
  (path: string): Open =>
  (begin, end) =>
    begin === end ? Readable.from([]) : createReadStream(path, { start: begin, end: end - 1, highWaterMark: 512 * 1024 });

const sendSwp = async (path: string, size: number, endpoint: string, open: Open): Promise<void> => {
  const sha256 = Sha256.parse('0'.repeat(64));
  const journal = await PartJournal.open(THIS_MACHINE, `${path}.parts.jsonl`);
  await uploadBlobs(
    openHub({ endpoint: new URL(endpoint) }, THIS_MACHINE),
    RepoId.parse('bench/sink'),
    [{ path: 'model.safetensors', size, sha256, open }],
    {
      signal: new AbortController().signal,
      journal,
      shouldStop: () => false,
      onProgress: () => undefined,
    },
  );
};

// Runs one upload, or one pass over a file, in its own process, so that the peak memory covers nothing else.
const { way, path, size, endpoint } = Options.parse(JSON.parse(process.argv[2] ?? '{}'));
const WAYS: Readonly<Record<typeof way, () => Promise<unknown>>> = {
  plain: () => sendPlain(path, size, endpoint),
  swp: () => sendSwp(path, size, endpoint, compared(path, size)),
  uncompared: () => sendSwp(path, size, endpoint, uncompared(path)),
  digests: () => digestFile(THIS_MACHINE, path),
  hash: () => hashFile(THIS_MACHINE.files, path),
};
let peakBytes = 0;
const sample = setInterval(() => (peakBytes = Math.max(peakBytes, process.memoryUsage.rss())), SAMPLE_MS);
const begin = performance.now();
await WAYS[way]();
const seconds = (performance.now() - begin) / 1000;
clearInterval(sample);
process.stdout.write(JSON.stringify({ seconds, peakBytes: Math.max(peakBytes, process.memoryUsage.rss()) }));
process.exit(0);
