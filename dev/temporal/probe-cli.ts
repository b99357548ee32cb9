import { execa } from 'execa';
import { isAtLeast, MINIMUM_VERSION, parseVersion } from './version.js';

export type CliProbe = { readonly ok: true; readonly version: string } | { readonly ok: false; readonly reason: string };

const PROBE_MS = 10_000;

/** Runs an executable with `--version`. Returns a reason in words if it is not a usable Temporal CLI. */
export const probeCli = async (path: string, timeoutMs = PROBE_MS): Promise<CliProbe> => {
  const result = await execa(path, ['--version'], { reject: false, timeout: timeoutMs, stdin: 'ignore', forceKillAfterDelay: 500 });
  if (result.timedOut) return { ok: false, reason: `did not answer --version within ${timeoutMs / 1000} s` };
  if (result.code === 'ENOENT') return { ok: false, reason: 'does not exist' };
  if (result.failed) return { ok: false, reason: `does not run: ${firstLine(result.stderr) || result.shortMessage}` };
  const version = parseVersion(result.stdout);
  if (version === undefined) return { ok: false, reason: `is not a Temporal CLI release: --version prints "${firstLine(result.stdout)}"` };
  if (!isAtLeast(version, MINIMUM_VERSION)) return { ok: false, reason: `is version ${version}, older than ${MINIMUM_VERSION}` };
  return { ok: true, version };
};

const firstLine = (text: string): string => (text.trim().split('\n')[0] ?? '').slice(0, 200);
