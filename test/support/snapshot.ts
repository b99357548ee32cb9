import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { execa } from 'execa';
import { pythonEnvironment } from './python.js';

const PROGRAM = `
import sys
from huggingface_hub import snapshot_download
snapshot_download(sys.argv[1], revision=sys.argv[2], local_dir=sys.argv[3])
`;

/** Every file of a repository at a revision, as Python's `huggingface_hub` downloads it. Path → bytes. */
export const snapshotOf = async (
  endpoint: string,
  repo: string,
  revision: string,
  directory: string,
): Promise<ReadonlyMap<string, Buffer>> => {
  const target = join(directory, 'snapshot');
  await execa(await pythonEnvironment(), ['-c', PROGRAM, repo, revision, target], {
    env: {
      HF_ENDPOINT: endpoint,
      HF_HOME: join(directory, 'hf-home'),
      HF_HUB_DISABLE_XET: '1',
      HF_HUB_DISABLE_TELEMETRY: '1',
      HF_HUB_DISABLE_PROGRESS_BARS: '1',
      NO_PROXY: '127.0.0.1',
    },
  });
  const entries = await readdir(target, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => relative(target, join(entry.parentPath, entry.name)));
  const files = paths.filter((path) => !path.startsWith('.cache')).toSorted();
  return new Map(await Promise.all(files.map(async (path) => [path, await readFile(join(target, path))] as const)));
};
