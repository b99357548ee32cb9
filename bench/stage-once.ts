import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { RepoId } from '../core/ids.js';
import { THIS_MACHINE } from '../core/this-machine.js';
import { openHub } from '../hub/hub.js';
import { downloadFile } from '../hub/read/download.js';
import { openFile } from '../hub/read/range.js';
import { readRepo } from '../hub/read/repo.js';
import { openVindex } from '../larql/vindex-directory.js';

const Options = z.object({ way: z.enum(['swp', 'plain', 'validate']), endpoint: z.string(), repo: RepoId, directory: z.string() });

const SAMPLE_MS = 20;
const { signal } = new AbortController();

// Runs one download, or one pass over a directory, in its own process, so that the peak memory covers nothing else.
const { way, endpoint, repo, directory } = Options.parse(JSON.parse(process.argv[2] ?? '{}'));
const hub = openHub({ endpoint: new URL(endpoint) }, THIS_MACHINE);

const download = async (): Promise<void> => {
  const source = await readRepo(hub, repo, undefined, { signal });
  if ('absent' in source) throw new Error(`${repo} is not there`);
  for (const file of source.files.filter(({ lfs }) => lfs !== null)) {
    const pinned = { repo, commit: source.commit, ...file };
    const path = join(directory, file.path);
    if (way === 'swp') await downloadFile(hub, pinned, path, { signal, onBytes: () => undefined });
    else await pipeline(Readable.from(openFile(hub, pinned).read(0, file.size, signal)), createWriteStream(path));
  }
};

let peakBytes = 0;
const sample = setInterval(() => (peakBytes = Math.max(peakBytes, process.memoryUsage.rss())), SAMPLE_MS);
const begin = performance.now();
if (way === 'validate') await (await openVindex(hub.machine, directory, { signal })).close();
else await download();
const seconds = (performance.now() - begin) / 1000;
clearInterval(sample);
process.stdout.write(JSON.stringify({ seconds, peakBytes: Math.max(peakBytes, process.memoryUsage.rss()) }));
process.exit(0);
