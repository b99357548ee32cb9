import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { commit } from '@huggingface/hub';
import { z } from 'zod';
import { RepoId, Sha256, type CommitSha } from '../core/ids.js';
import { openFile } from '../hub/read/range.js';
import { readRepo } from '../hub/read/repo.js';
import { commitOnce } from '../hub/write/commit.js';
import { PartJournal } from '../hub/write/part-journal.js';
import { uploadBlobs, type UploadFile } from '../hub/write/upload.js';
import { hubAt } from '../test/support/hub-at.js';

const Options = z.object({
  /** `swp` publishes local files, `mirror` the files of a repository, `js` local files with Hugging Face's own client. */
  way: z.enum(['swp', 'mirror', 'js']),
  endpoint: z.string(),
  token: z.string(),
  repo: RepoId,
  source: RepoId.optional(),
  directory: z.string(),
  journal: z.string(),
});

const SAMPLE_MS = 20;
const READ_BYTES = 512 * 1024;
const { signal } = new AbortController();

// Runs one publish in its own process, so that the peak memory covers nothing else.
const options = Options.parse(JSON.parse(process.argv[2] ?? '{}'));
const hub = hubAt(options.endpoint, options.token);

const requireRepo = async (repo: RepoId) => {
  const facts = await readRepo(hub, repo, undefined, { signal });
  if ('absent' in facts) throw new Error(`${repo} is not there`);
  return facts;
};

const localFile = async (path: string): Promise<UploadFile> => {
  const local = join(options.directory, path);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(local, { highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>) hash.update(chunk);
  return {
    path,
    size: (await stat(local)).size,
    sha256: Sha256.parse(hash.digest('hex')),
    open: (begin, end) =>
      begin === end ? Readable.from([]) : createReadStream(local, { start: begin, end: end - 1, highWaterMark: READ_BYTES }),
  };
};

const localFiles = async (): Promise<UploadFile[]> => {
  const files: UploadFile[] = [];
  for (const path of await readdir(options.directory)) files.push(await localFile(path));
  return files;
};

const sourceFiles = async (repo: RepoId): Promise<UploadFile[]> => {
  const { commit: at, files } = await requireRepo(repo);
  return files.flatMap(({ path, size, lfs }): UploadFile[] => {
    if (lfs === null) return [];
    const reader = openFile(hub, { repo, commit: at, path, size, lfs });
    return [
      {
        path,
        size,
        sha256: lfs,
        readOnce: true,
        open: (begin, end) => Readable.from(reader.read(begin, end, signal), { objectMode: false }),
      },
    ];
  });
};

const publish = async (files: readonly UploadFile[], parent: CommitSha): Promise<void> => {
  const journal = await PartJournal.open(hub.machine, options.journal);
  await uploadBlobs(hub, options.repo, files, { signal, journal, shouldStop: () => false, onProgress: () => undefined });
  await journal.close();
  const lfs = files.map(({ path, sha256, size }) => ({ path, lfs: { sha256, size } }));
  const made = { repo: options.repo, parent, title: 'bench', trailers: {}, files: lfs, deletions: [] };
  await commitOnce(hub, made, { signal, treeMatches: () => Promise.resolve(true) });
};

const WAYS = {
  swp: async () => publish(await localFiles(), (await requireRepo(options.repo)).commit),
  mirror: async () => publish(await sourceFiles(options.source ?? options.repo), (await requireRepo(options.repo)).commit),
  js: async () => {
    const operations = (await readdir(options.directory)).map((path) => ({
      operation: 'addOrUpdate' as const,
      path,
      content: pathToFileURL(join(options.directory, path)),
    }));
    await commit({ repo: options.repo, title: 'bench', operations, useXet: false, hubUrl: options.endpoint, accessToken: options.token });
  },
} as const;

let peakBytes = 0;
const sample = setInterval(() => (peakBytes = Math.max(peakBytes, process.memoryUsage.rss())), SAMPLE_MS);
const begin = performance.now();
await WAYS[options.way]();
const seconds = (performance.now() - begin) / 1000;
clearInterval(sample);
process.stdout.write(JSON.stringify({ seconds, peakBytes: Math.max(peakBytes, process.memoryUsage.rss()) }));
process.exit(0);
