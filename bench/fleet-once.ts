import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { checkTargets } from '../publish/verify/fleet/check-targets.js';
import { batchesOf, fleetOf } from '../catalog/fleet.js';
import { loadCatalog } from '../catalog/load.js';
import { RepoId, Sha256 } from '../core/ids.js';
import { RateBudget } from '../hub/budget.js';
import type { HubConfig } from '../hub/config.js';
import { locate } from '../hub/read/locate.js';
import { readRepo } from '../hub/read/repo.js';
import { Secret } from '../core/secret.js';
import { verifyPaths } from '../hub/read/verify-files.js';

const Order = z.discriminatedUnion('way', [
  z.object({ way: z.literal('check'), endpoint: z.string(), catalog: z.string(), targets: z.int() }),
  z.object({ way: z.enum(['read-back', 'plain']), endpoint: z.string(), repo: RepoId }),
]);

const SAMPLE_MS = 20;
/** As the workflow does it. */
const BATCH = 50;
const { signal } = new AbortController();

// One look at a fleet, or one pass over a file, in a process of its own, so that its memory is its own.
const order = Order.parse(JSON.parse(process.argv[2] ?? '{}'));
const hub: HubConfig = { endpoint: new URL(order.endpoint), token: new Secret('hf_benchreader') };

const check = async (catalog: string, most: number): Promise<number> => {
  const { entries } = await loadCatalog({ cwd: '/', file: catalog });
  const fleet = fleetOf(entries.values()).slice(0, most);
  const paced = { ...hub, budget: new RateBudget() };
  let findings = 0;
  for (const targets of batchesOf(fleet, BATCH))
    findings += (await checkTargets(paced, targets, { publishers: ['writer'], onDone: () => undefined }, signal)).length;
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

/** Range after range with `node:http`, thrown away. */
const plain = async (repo: RepoId): Promise<void> => {
  const { commit, file } = await largest(repo);
  const { url } = await locate(hub, { repo, commit, ...file }, { signal });
  const [answer] = (await once(get(url, { headers: { range: `bytes=0-${file.size - 1}` } }), 'response')) as [IncomingMessage];
  answer.resume();
  await once(answer, 'end');
};

let peakBytes = 0;
const sample = setInterval(() => (peakBytes = Math.max(peakBytes, process.memoryUsage.rss())), SAMPLE_MS);
const begin = performance.now();
let findings = 0;
if (order.way === 'check') findings = await check(order.catalog, order.targets);
else await (order.way === 'plain' ? plain : readBack)(order.repo);
const seconds = (performance.now() - begin) / 1000;
clearInterval(sample);
process.stdout.write(JSON.stringify({ seconds, findings, peakBytes: Math.max(peakBytes, process.memoryUsage.rss()) }));
process.exit(0);
