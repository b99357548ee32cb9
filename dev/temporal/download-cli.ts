import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { execa } from 'execa';
import { SwpError } from '../../core/error.js';
import { PINNED_VERSION } from './version.js';

export interface DownloadOptions {
  readonly directory: string;
  readonly timeoutMs?: number;
}

const DOWNLOAD_MS = 60_000;

// The SDK cannot download without starting a server, and cannot stop a stalled download. Therefore the download runs in a
// process that can be killed.
const DOWNLOADER = `
const [testing, downloadDir, version] = process.argv.slice(1);
const { TestWorkflowEnvironment } = require(testing);
TestWorkflowEnvironment.createLocal({ server: { executable: { type: 'cached-download', downloadDir, version } } })
  .then((environment) => environment.teardown())
  .then(() => process.exit(0), (error) => { console.error(error.message); process.exit(1); });
`;

/** Returns the path that the SDK gives to a downloaded CLI of the pinned version. */
export const downloadedBinary = (directory: string): string => path.join(directory, `temporal-v${PINNED_VERSION}`);

/** Downloads the official binary with the SDK; returns its path. */
export const downloadCli = async ({ directory, timeoutMs = DOWNLOAD_MS }: DownloadOptions): Promise<string> => {
  const testing = createRequire(import.meta.url).resolve('@temporalio/testing');
  await mkdir(directory, { recursive: true });
  const result = await execa(
    process.execPath,
    ['--input-type=commonjs', '-e', DOWNLOADER, '--', testing, directory, `v${PINNED_VERSION}`],
    { reject: false, all: true, timeout: timeoutMs, killSignal: 'SIGKILL', stdin: 'ignore' },
  );
  if (result.timedOut) throw failure(`did not finish within ${timeoutMs / 1000} s`);
  if (result.failed) throw failure(`failed: ${result.all.trim().split('\n').at(-1)?.slice(0, 300) ?? result.shortMessage}`);
  return downloadedBinary(directory);
};

const failure = (message: string): SwpError => new SwpError('unavailable', 'dev/temporal-download', `the SDK's download ${message}`);
