import { dirname } from 'node:path';
import { EntrySnapshot } from '../../catalog/snapshot.js';
import { RepoId } from '../../core/ids.js';
import { Secret } from '../../core/secret.js';
import { openLocalHub, type OpenedHub } from '../../dev/hub/start-local-hub.js';
import { createCollection } from '../../hub/collections.js';
import { openHub, type Hub } from '../../hub/hub.js';
import { HostLarql, type UsableLarql } from '../../publish/facts/host-larql.js';
import { ScratchLayout } from '../../publish/scratch/scratch-layout.js';
import { scratchParts, type ScratchParts } from '../../publish/scratch/scratch-parts.js';
import { sweepScratch } from '../../publish/scratch/sweep-scratch.js';
import { LARQL_SETTINGS, type PlanOptions } from '../support/publish-here.js';
import { Incarnation } from './incarnation.js';
import { MemoryDisk } from './memory-files.js';
import { simMachine, type SimMachine } from './sim-machine.js';
import { SIM_LARQL } from './sim-programs.js';
import { simTransport } from './sim-transport.js';
import { VirtualClock } from './virtual-clock.js';

export const SIM_TOKEN = 'hf_simwriter';
const LAYOUT = new ScratchLayout('/scratch/swp');
const SOURCE = RepoId.parse('labs/model');
const TARGET = RepoId.parse('Acme/model');
const KEEP_MS = 86_400_000;

/** A model to publish, and the fields of its entry for a source and a target. */
export interface Scenario {
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Bytes of a part of an upload: the largest files have several parts. */
  readonly partBytes: number;
  readonly fields: (source: RepoId, target: RepoId) => Readonly<Record<string, unknown>>;
  /** Adds the target to a collection, too. */
  readonly collected?: true;
}

/** A worker process that publishes. */
export interface SimWorker {
  readonly life: Incarnation;
  readonly machine: SimMachine;
  readonly hub: Hub;
  readonly scratch: ScratchParts;
  /** Sweeps the scratch before the first step. */
  readonly ready: () => Promise<void>;
}

/** The host on which a worker runs. Each has a scratch disk of its own. */
export type Host = 'host' | 'other';

/** A scratch disk and a hub in memory, with a model to publish. */
export interface SimWorld {
  readonly clock: VirtualClock;
  readonly scratch: MemoryDisk;
  readonly otherScratch: MemoryDisk;
  readonly local: OpenedHub;
  readonly layout: ScratchLayout;
  readonly source: RepoId;
  readonly target: RepoId;
  readonly entry: EntrySnapshot;
  readonly larql: NonNullable<PlanOptions['larql']>;
  readonly startWorker: (life: Incarnation, host?: Host) => SimWorker;
  /** Copies the disks as they are now. */
  readonly snapshot: () => Snapshot;
}

/** The disks of a world at one moment. A world can start from it any number of times. */
export interface Snapshot {
  readonly scratch: MemoryDisk;
  readonly hubDisk: MemoryDisk;
}

/** Opens a world of a scenario, in which nothing is published yet, or which goes on from a snapshot. */
export type OpenWorld = (clock: VirtualClock, options?: { readonly seed?: number; readonly from?: Snapshot }) => Promise<SimWorld>;

const URLS = { url: 'http://127.0.0.1:1', cdnUrl: 'http://127.0.0.1:2' };

const openHubOf = (machine: SimMachine, partBytes: number): Promise<OpenedHub> =>
  openLocalHub(
    {
      directory: '/hub',
      tokens: [{ token: SIM_TOKEN, user: 'writer', orgs: ['acme'], role: 'write' }],
      machine,
      multipartThreshold: partBytes,
      chunkSize: partBytes,
    },
    URLS,
  );

/** The start of every world of a scenario. */
interface Prepared {
  /** The disk of a hub that has the model. */
  readonly hubDisk: MemoryDisk;
  readonly larql: UsableLarql | null;
}

const PREPARING_SEED = 1_000_000;

const prepare = ({ files, partBytes }: Scenario): Promise<Prepared> => {
  const clock = new VirtualClock();
  const run = async (): Promise<Prepared> => {
    const machine = simMachine(PREPARING_SEED, clock);
    await machine.files.mkdir(dirname(SIM_LARQL));
    await machine.files.writeFile(SIM_LARQL, 'larql', { mode: 0o755 });
    const larql = new HostLarql(machine, { SWP_LARQL: SIM_LARQL }, LAYOUT, LARQL_SETTINGS);
    const hubMachine = simMachine(PREPARING_SEED, clock);
    const local = await openHubOf(hubMachine, partBytes);
    await local.admin.createRepo(SOURCE);
    await local.admin.commitFiles(SOURCE, files, { message: 'A model' });
    return { hubDisk: hubMachine.disk, larql: await larql.ready(new AbortController().signal) };
  };
  return clock.drive(run());
};

/** Prepares a scenario, and returns a function that opens its worlds. */
export const worldsOf = async (scenario: Scenario): Promise<OpenWorld> => {
  const prepared = await prepare(scenario);
  const { partBytes, fields, collected } = scenario;
  return async (clock, { seed = 1, from } = {}) => {
    const scratch = from?.scratch.copy(clock) ?? new MemoryDisk(clock);
    const hubMachine = simMachine(seed + 1, clock, (from?.hubDisk ?? prepared.hubDisk).copy(clock));
    const local = await openHubOf(hubMachine, partBytes);
    const otherScratch = new MemoryDisk(clock);
    for (const disk of [scratch, otherScratch]) await disk.files().mkdir(LAYOUT.root, { recursive: true });
    let started = 0;
    const startWorker = (life: Incarnation, host: Host = 'host'): SimWorker => {
      const machine = simMachine(seed + (started += 2), clock, host === 'host' ? scratch : otherScratch, life);
      const config = { endpoint: new URL(local.url), token: new Secret(SIM_TOKEN) };
      const parts = scratchParts(machine, LAYOUT, 1);
      let swept: Promise<void> | null = null;
      const ready = (): Promise<void> => (swept ??= sweepScratch(parts, KEEP_MS, () => Promise.resolve(true)));
      return { life, machine, scratch: parts, ready, hub: openHub(config, machine, { transport: simTransport(local, life) }) };
    };
    const wanted = { owner: 'acme', title: 'Models', private: false };
    const collection =
      collected === true
        ? { hf_collection: await createCollection(startWorker(new Incarnation()).hub, wanted, { signal: new AbortController().signal }) }
        : {};
    const entry = EntrySnapshot.parse({
      name: 'acme/model',
      entry: { key: 'model', tier: 'smoke', ...fields(SOURCE, TARGET), ...collection },
    });
    const { larql: ready } = prepared;
    const larql = { env: {}, ready: () => Promise.resolve(ready), facts: () => Promise.resolve(ready?.facts ?? null) };
    const snapshot = (): Snapshot => ({ scratch: scratch.copy(clock), hubDisk: hubMachine.disk.copy(clock) });
    return { clock, scratch, otherScratch, local, layout: LAYOUT, source: SOURCE, target: TARGET, entry, larql, startWorker, snapshot };
  };
};
