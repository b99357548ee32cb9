import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { withBudget } from '../hub/hub.js';
import { checkTargets } from '../publish/verify/fleet/check-targets.js';
import { batchesOf, fleetOf } from '../catalog/fleet.js';
import { loadCatalog } from '../catalog/load.js';
import { RepoId, Sha256 } from '../core/ids.js';
import { RateBudget } from '../hub/budget.js';
import { locate } from '../hub/read/locate.js';
import { readRepo } from '../hub/read/repo.js';
import { verifyPaths } from '../hub/read/verify-files.js';
import { hubAt } from '../test/support/hub-at.js';

const Options = z.discriminatedUnion('way', [
  z.object({ way: z.literal('check'), endpoint: z.string(), catalog: z.string(), targets: z.int() }),
  z.object({ way: z.enum(['read-back', 'plain']), endpoint: z.string(), repo: RepoId }),
]);

const SAMPLE_MS = 20;
/** Targets per batch, as in the nightly re-validation. */
const BATCH = 50;
const { signal } = new AbortController();

// Runs one check of a fleet, or one pass over a file, in its own process, so that the peak memory covers nothing else.
const options = Options.parse(JSON.parse(process.argv[2] ?? '{}'));
const hub = hubAt(options.endpoint, 'hf_benchreader');

const check = async (catalog: string, maxTargets: number): Promise<number> => {
  const { entries } = await loadCatalog({ cwd: '/', file: catalog });
  const fleet = fleetOf(entries.values()).slice(0, maxTargets);
  const budgeted = withBudget(hub, new RateBudget(hub.machine.clock));
  let findings = 0;
  for (const targets of batchesOf(fleet, BATCH))
    findings += (await checkTargets(budgeted, targets, { publishers: ['writer'], onDone: () => undefined }, signal)).length;
  return findings;
};

const largest = async (repo: RepoId) => {
  const found = await readRepo(hub, repo, undefined, { signal });
  if ('absent' in found) throw new Error(`${repo} is not there`);
  const [file] = found.files.toSorted((a, b) => b.size - a.size);
  if (file === undefined) throw new Error(`${repo} is empty`);
  return { commit: found.commit, file, tree: found.files };
};

const readBack = async (repo: RepoId): Promise<void> => {
  const { commit, file, tree } = await largest(repo);
  const manifest = [{ path: file.path, size: file.size, sha256: Sha256.parse(file.lfs) }];
  const { mismatches } = await verifyPaths(hub, repo, commit, manifest, { signal, sample: 'full', tree });
  if (mismatches.length > 0) throw new Error(mismatches[0]?.reason);
};

/** Downloads the whole file as one range with `node:http` and discards it. */
const plain = async (repo: RepoId): Promise<void> => {
  const { commit, file } = await largest(repo);
  const { url } = await locate(hub, { repo, commit, ...file }, { signal });
  const [response] = (await once(get(url, { headers: { range: `bytes=0-${file.size - 1}` } }), 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
};

let peakBytes = 0;
const sample = setInterval(() => (peakBytes = Math.max(peakBytes, process.memoryUsage.rss())), SAMPLE_MS);
const begin = performance.now();
let findings = 0;
if (options.way === 'check') findings = await check(options.catalog, options.targets);
else await (options.way === 'plain' ? plain : readBack)(options.repo);
const seconds = (performance.now() - begin) / 1000;
clearInterval(sample);
process.stdout.write(JSON.stringify({ seconds, findings, peakBytes: Math.max(peakBytes, process.memoryUsage.rss()) }));
process.exit(0);
