import { describe, expect, it } from 'vitest';
import { EntrySnapshot } from '../../catalog/snapshot.js';
import { RepoId } from '../../core/ids.js';
import { Secret } from '../../core/secret.js';
import { generateCheckpoint } from '../../dev/checkpoint/generate.js';
import { generateVision } from '../../dev/checkpoint/vision.js';
import type { Fault } from '../../dev/hub/index.js';
import { openLocalHub } from '../../dev/hub/start-local-hub.js';
import { createCollection, readCollection } from '../../hub/collections.js';
import { openHub } from '../../hub/hub.js';
import { collectTarget } from '../../publish/collection/add-to-collection.js';
import { ScratchLayout } from '../../publish/scratch/scratch-layout.js';
import { verifyPublished } from '../../publish/verify/verify-published.js';
import { planWith, publishPlanned } from '../support/publish-here.js';
import { simMachine } from './sim-machine.js';
import { simTransport } from './sim-transport.js';
import { VirtualClock } from './virtual-clock.js';

const TOKEN = 'hf_simwriter';
const HOUR = 3_600_000;

const KINDS = {
  mtp: {
    files: generateCheckpoint({ seed: 7, size: 'small' }).files,
    fields: { mtp_source_repo: 'labs/model', mtp_sidecar_repo: 'acme/model' },
  },
  vision: { files: generateVision({ seed: 7 }).files, fields: { vision_source_repo: 'labs/model', vision_sidecar_repo: 'acme/model' } },
};

/** Publishes one artifact of a kind in memory, from facts to its collection. */
const publish = async (
  kind: keyof typeof KINDS,
  { seed = 1, fault }: { seed?: number; fault?: (nth: number) => Fault | undefined } = {},
) => {
  const clock = new VirtualClock();
  const machine = simMachine(seed, clock);
  const { signal } = new AbortController();
  const run = async () => {
    const local = await openLocalHub(
      {
        directory: '/hub',
        tokens: [{ token: TOKEN, user: 'writer', orgs: ['acme'], role: 'write' }],
        machine: simMachine(seed + 1, clock),
        multipartThreshold: 20_000,
        chunkSize: 10_000,
      },
      { url: 'http://127.0.0.1:1', cdnUrl: 'http://127.0.0.1:2' },
    );
    await local.admin.createRepo('labs/model');
    await local.admin.commitFiles('labs/model', KINDS[kind].files, { message: 'A model' });
    const hub = openHub({ endpoint: new URL(local.url), token: new Secret(TOKEN) }, machine, { transport: simTransport(local) });
    const collection = await createCollection(hub, { owner: 'acme', title: 'Sidecars', private: false }, { signal });
    const entry = EntrySnapshot.parse({
      name: 'acme/model',
      entry: { key: 'model', tier: 'smoke', ...KINDS[kind].fields, hf_collection: collection },
    });
    let requests = 0;
    if (fault !== undefined) local.on(() => fault((requests += 1)));
    const layout = new ScratchLayout('/scratch/swp');
    const planned = await planWith(entry, hub, layout);
    const committed = await publishPlanned(planned);
    const target = RepoId.parse('acme/model');
    const verified = await verifyPublished(hub, { target, full: true, ...committed }, () => undefined, signal);
    const collected = await collectTarget({ hub, targets: null }, planned.approved, signal);
    return { local, committed, verified, collected, collection: await readCollection(hub, collection, { signal }) };
  };
  const result = await clock.drive(run());
  return { ...result, machine, waitedMs: clock.elapsed() };
};

describe.each(['mtp', 'vision'] as const)('a publish of %s in memory', (kind) => {
  it('runs from its plan to its collection without a socket, a file or a wait', async () => {
    const { local, committed, verified, collected, collection, machine } = await publish(kind);
    expect(await machine.clock.drive(local.admin.head('acme/model'))).toBe(committed.commit);
    expect(verified.readBack.bytes).toBe(verified.readBack.ofBytes);
    expect(collected).toMatchObject({ outcome: 'added' });
    expect(collection?.models).toEqual(['acme/model']);
    expect(local.requests.map(({ status }) => status)).not.toContain(500);
  });

  it('has equal requests, files and bytes in equal runs', async () => {
    const [one, two] = [await publish(kind, { seed: 5 }), await publish(kind, { seed: 5 })];
    expect(two.local.requests).toEqual(one.local.requests);
    expect(two.machine.disk.list()).toEqual(one.machine.disk.list());
    expect(two.committed).toEqual(one.committed);
  });

  it('waits out hours of a Hub that is down', async () => {
    let downUntil = 0;
    const fault = (nth: number): Fault | undefined => {
      downUntil = nth === 1 ? 200 : downUntil;
      return nth < downUntil ? { kind: 'status', status: 503 } : undefined;
    };
    const { collected, waitedMs } = await publish(kind, { fault });
    expect(collected).toMatchObject({ outcome: 'added' });
    expect(waitedMs).toBeGreaterThan(HOUR);
  });
});
