import { EntrySnapshot } from '../../catalog/snapshot.js';
import { RepoId } from '../../core/ids.js';
import { Secret } from '../../core/secret.js';
import { openLocalHub, type OpenedHub } from '../../dev/hub/start-local-hub.js';
import { createCollection } from '../../hub/collections.js';
import { openHub, type Hub } from '../../hub/hub.js';
import { ScratchLayout } from '../../publish/scratch/scratch-layout.js';
import { simMachine, type SimMachine } from './sim-machine.js';
import { SIM_LARQL } from './sim-programs.js';
import { simTransport } from './sim-transport.js';
import type { VirtualClock } from './virtual-clock.js';

export const SIM_TOKEN = 'hf_simwriter';
const SOURCE = RepoId.parse('labs/model');
const TARGET = RepoId.parse('Acme/model');

/** A model to publish, and the fields of its entry for a source and a target. */
export interface Scenario {
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Bytes of a part of an upload: the largest files have several parts. */
  readonly partBytes: number;
  readonly fields: (source: RepoId, target: RepoId) => Readonly<Record<string, unknown>>;
  /** Adds the target to a collection, too. */
  readonly collected?: true;
}

/** A machine and a hub in memory, with a model to publish. */
export interface SimWorld {
  readonly machine: SimMachine;
  readonly local: OpenedHub;
  readonly hub: Hub;
  readonly layout: ScratchLayout;
  readonly source: RepoId;
  readonly target: RepoId;
  readonly entry: EntrySnapshot;
}

/** Opens a world in which nothing is published yet. */
export const openWorld = async (clock: VirtualClock, { files, partBytes, fields, collected }: Scenario, seed = 1): Promise<SimWorld> => {
  const machine = simMachine(seed, clock);
  const local = await openLocalHub(
    {
      directory: '/hub',
      tokens: [{ token: SIM_TOKEN, user: 'writer', orgs: ['acme'], role: 'write' }],
      machine: simMachine(seed + 1, clock),
      multipartThreshold: partBytes,
      chunkSize: partBytes,
    },
    { url: 'http://127.0.0.1:1', cdnUrl: 'http://127.0.0.1:2' },
  );
  await machine.files.mkdir('/bin');
  await machine.files.writeFile(SIM_LARQL, 'larql', { mode: 0o755 });
  await local.admin.createRepo(SOURCE);
  await local.admin.commitFiles(SOURCE, files, { message: 'A model' });
  const hub = openHub({ endpoint: new URL(local.url), token: new Secret(SIM_TOKEN) }, machine, { transport: simTransport(local) });
  const wanted = { owner: 'acme', title: 'Models', private: false };
  const collection =
    collected === true ? { hf_collection: await createCollection(hub, wanted, { signal: new AbortController().signal }) } : {};
  const entry = EntrySnapshot.parse({
    name: 'acme/model',
    entry: { key: 'model', tier: 'smoke', ...fields(SOURCE, TARGET), ...collection },
  });
  return { machine, local, hub, layout: new ScratchLayout('/scratch/swp'), source: SOURCE, target: TARGET, entry };
};
