import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { THIS_MACHINE } from '../../core/this-machine.js';
import { hostId } from '../../publish/scratch/host-id.js';
import type { ScratchLayout } from '../../publish/scratch/scratch-layout.js';
import type { EntrySnapshot } from '../../catalog/snapshot.js';
import { RepoId } from '../../core/ids.js';
import { generateLlama } from '../../dev/checkpoint/llama.js';
import { installStandIn } from '../../dev/larql/install.js';
import { readRunning } from '../../temporal/running.js';
import type { TargetStatus } from '../../contract/messages.js';
import { targetId } from '../../contract/names.js';
import { freeze } from '../support/freeze.js';
import { hostSteps } from '../support/host-steps.js';
import { swp } from '../support/swp.js';
import { WorkerProcess } from '../support/worker-process.js';
import { TestEnvironment } from '../support/test-environment.js';

/** The server notices a dead worker by its missing heartbeat after fifteen seconds. */
const TIMEOUT_MS = 120_000;
const POLL = { timeout: 60_000, interval: 200 };

/** A high-memory host: a worker process with a scratch of its own. */
interface Host {
  readonly id: string;
  readonly layout: ScratchLayout;
  readonly process: WorkerProcess;
}

let directory: string;
let testEnvironment: TestEnvironment;
let processes: WorkerProcess[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-hosts-'));
  processes = [];
  testEnvironment = await TestEnvironment.open('hosts', { workers: false, larql: await installStandIn(directory) });
});
afterEach(async () => {
  await Promise.all(processes.map((process) => process.kill()));
  await testEnvironment.close();
  await rm(directory, { recursive: true, force: true });
});

const startControl = async (): Promise<void> => {
  processes.push(await WorkerProcess.start('control', testEnvironment.workerEnv('control')));
};
const startHost = async (name: string): Promise<Host> => {
  const process = await WorkerProcess.start('highmem', testEnvironment.workerEnv('highmem', name));
  processes.push(process);
  const layout = testEnvironment.layout(name);
  return { id: await hostId(THIS_MACHINE, layout), layout, process };
};

const run = (...argv: string[]) => swp(argv, { cwd: testEnvironment.directory, env: testEnvironment.clientEnv() });

/** Repeats `swp move` until the server has noticed that the host is gone, and returns the output. */
const move = async (entry: EntrySnapshot = testEnvironment.entry()): Promise<string> => {
  let out = '';
  const moveCode = async (): Promise<number> => {
    const moved = await run('move', entry.name);
    out = moved.out;
    return moved.code;
  };
  await expect.poll(moveCode, POLL).toBe(0);
  return out;
};

const stepsOf = (target: RepoId) => hostSteps(testEnvironment.temporal.client, targetId(target));
const hostsOf = async (target: RepoId, step: string): Promise<string[]> =>
  (await stepsOf(target)).flatMap((found) => (found.step === step ? [found.host] : []));
const ourCommits = async (target: RepoId): Promise<number> =>
  (await testEnvironment.hub.admin.listCommits(target)).filter((commit) => JSON.stringify(commit).includes('SWP-Manifest')).length;
const requestsOf = (operation: string): number => testEnvironment.hub.requests.filter((request) => request.operation === operation).length;

/** Names of everything that publishes keep in the scratch of a host. */
const keptOn = async ({ layout }: Host): Promise<string[]> =>
  (await Promise.all([layout.claims, layout.builds, layout.sealed, layout.uploads].map((path) => readdir(path).catch(() => [])))).flat();

describe('two hosts with a build slot each', () => {
  it(
    'build one artifact each, and run every host step of their artifact',
    async () => {
      const second = RepoId.parse(`Acme/${testEnvironment.queue}-two`);
      const entries = [testEnvironment.entry(), testEnvironment.entry({ mtp_sidecar_repo: second }, `${testEnvironment.queue}-two`)];
      const targets = [testEnvironment.target, second];
      const [one, two] = await Promise.all([startHost('one'), startHost('two'), startControl()]);
      for (const entry of entries) await testEnvironment.start(entry);
      for (const entry of entries) await testEnvironment.planOf(1, entry);
      // Holds both builds until both run, so that the first slot is still taken when the second artifact is claimed.
      const { thaw } = freeze(testEnvironment.hub, ({ operation }) => operation === 'cdn', 'hold');
      for (const entry of entries) await testEnvironment.approve(1, entry);
      const building = async (): Promise<number> =>
        (await Promise.all(targets.map((target) => readRunning(testEnvironment.temporal.client, targetId(target)))))
          .flatMap((running) => running?.steps ?? [])
          .filter(({ activity, waitsForWorker }) => activity === 'buildArtifact' && !waitsForWorker).length;
      await expect.poll(building, POLL).toBe(2);
      thaw();
      for (const entry of entries) expect(await testEnvironment.result(entry)).toMatchObject({ outcome: 'published' });
      const used = await Promise.all(targets.map(async (target) => [...new Set((await stepsOf(target)).map(({ host }) => host))]));
      expect(used.flat().toSorted()).toEqual([one.id, two.id].toSorted());
      for (const host of [one, two]) {
        const built = host.process.log.filter(({ step, outcome }) => step === 'buildArtifact' && outcome === 'ok');
        expect(built).toMatchObject([{ host: host.id }]);
      }
    },
    TIMEOUT_MS,
  );
});

describe('a host that is killed', () => {
  it(
    'while building: another host publishes its artifact after swp move, and the restarted host runs no step and cleans its scratch',
    async () => {
      const [one] = await Promise.all([startHost('one'), startControl()]);
      await testEnvironment.start();
      await testEnvironment.planOf();
      const { reached, thaw } = freeze(testEnvironment.hub, ({ operation }) => operation === 'cdn', 'hold');
      await testEnvironment.approve();
      await reached;
      expect(await run('move', testEnvironment.entry().name)).toMatchObject({
        code: 1,
        err: expect.stringMatching(
          new RegExp(`its host is up: ${targetId(testEnvironment.target)} \\(building\\) on host ${one.id}\\.[^]* --from ${one.id}`),
        ),
      });
      await one.process.kill();
      thaw();
      const moveError = async (): Promise<string> => (await run('move', testEnvironment.entry().name)).err;
      await expect
        .poll(moveError, POLL)
        .toMatch(/No other high-memory worker polls queue [^]*Start `swp worker highmem` on another machine/);
      const two = await startHost('two');
      expect(await move()).toContain(`${targetId(testEnvironment.target)}: move at building, from host ${one.id}`);
      expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
      expect(await hostsOf(testEnvironment.target, 'buildArtifact')).toEqual([one.id, two.id]);
      expect(await hostsOf(testEnvironment.target, 'commitArtifact')).toEqual([two.id]);
      await testEnvironment.keep('moved', ['target']);

      expect(await keptOn(one)).not.toEqual([]);
      const head = await testEnvironment.hub.admin.head(testEnvironment.target);
      const again = await startHost('one');
      expect(again.id).toBe(one.id);
      expect(await keptOn(again)).toEqual([]);
      expect(await again.process.stop()).toBe(0);
      expect(again.process.log.filter(({ step }) => step !== undefined)).toEqual([]);
      expect(await testEnvironment.hub.admin.head(testEnvironment.target)).toBe(head);
    },
    TIMEOUT_MS,
  );

  it(
    'while its artifact awaits release: swp move --from moves the artifact to another host',
    async () => {
      const { name } = testEnvironment.entry();
      const [one] = await Promise.all([startHost('one'), startControl()]);
      await testEnvironment.start(undefined, [], { reviewArtifacts: true });
      await testEnvironment.approve();
      await testEnvironment.untilTarget('awaiting-release');
      await one.process.kill();
      const { release } = await testEnvironment.targetHandle().query<TargetStatus>('target-status');
      const decision = { manifest: release?.manifest, verdict: 'approve', reviewer: 'eve' };
      await testEnvironment.targetHandle().executeUpdate('decide', { args: [decision] });
      const statusText = async (): Promise<string> => (await run('status', name)).out;
      await expect
        .poll(statusText, POLL)
        .toMatch(new RegExp(`claimHost: waits for host ${one.id}\\s+if host ${one.id} never comes back: swp move ${name}`));
      expect(await run('move', name, '--from', 'elsewhere')).toMatchObject({ code: 1, err: expect.stringContaining(`on host ${one.id}`) });
      expect((await run('move', name, '--from', one.id)).code).toBe(0);
      await expect
        .poll(statusText, POLL)
        .toMatch(
          new RegExp(
            `claimHost: waits for a high-memory host that can take it\\s+moved away from host ${one.id}, and no other host has taken it yet`,
          ),
        );

      // The host comes back while another host builds its artifact, and removes its own files of it.
      const { reached, thaw } = freeze(testEnvironment.hub, ({ operation }) => operation === 'cdn', 'hold');
      await startHost('two');
      await reached;
      expect(await keptOn(one)).not.toEqual([]);
      await startHost('one');
      await expect.poll(() => keptOn(one), POLL).toEqual([]);
      thaw();
      expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
      expect(await ourCommits(testEnvironment.target)).toBe(1);
    },
    TIMEOUT_MS,
  );

  it(
    'while uploading: another host builds again and sends only the missing blobs',
    async () => {
      const source = RepoId.parse(`labs/${testEnvironment.queue}-model`);
      const target = RepoId.parse(`Acme/${testEnvironment.queue}-vindex`);
      await testEnvironment.hub.admin.createRepo(source);
      await testEnvironment.hub.admin.commitFiles(source, generateLlama({ seed: 1 }).files, { message: 'A model' });
      const entry = testEnvironment.entry({
        mtp_source_repo: undefined,
        mtp_sidecar_repo: undefined,
        source_model: source,
        quant: 'q4k',
        slices: ['full'],
        output_name: 'x.vindex',
        hf_repo: target,
      });
      const [one] = await Promise.all([startHost('one'), startControl()]);
      await testEnvironment.start(entry);
      await testEnvironment.planOf(1, entry);
      // Two blobs arrive, and the others never leave this host.
      const arrived = new Set<string>();
      const held = new Set<string>();
      const { reached, thaw } = freeze(
        testEnvironment.hub,
        ({ operation, oid = '' }) => {
          if (operation !== 'put') return false;
          if (arrived.size < 2 && !held.has(oid)) arrived.add(oid);
          else held.add(oid);
          return held.has(oid);
        },
        'hold',
      );
      await testEnvironment.approve(1, entry);
      await reached;
      const stored = (): number =>
        testEnvironment.hub.requests.filter(({ operation, oid = '', status }) => operation === 'put' && arrived.has(oid) && status === 200)
          .length;
      await expect.poll(stored, POLL).toBe(2);
      await one.process.kill();
      const before = testEnvironment.hub.requests.length;
      thaw();
      const two = await startHost('two');
      await move(entry);
      expect(await testEnvironment.result(entry)).toMatchObject({ outcome: 'published' });
      expect(await hostsOf(target, 'buildArtifact')).toEqual([one.id, two.id]);
      expect(await hostsOf(target, 'commitArtifact')).toEqual([two.id]);
      expect(await ourCommits(target)).toBe(1);
      const sent = testEnvironment.hub.requests
        .slice(before)
        .flatMap(({ operation, oid }) => (operation === 'put' && oid !== undefined ? [oid] : []));
      expect(sent.length).toBeGreaterThan(0);
      expect(sent.filter((oid) => arrived.has(oid))).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'right after its commit was applied: the commit is found, and neither the build nor the commit is repeated',
    async () => {
      const [one] = await Promise.all([startHost('one'), startControl()]);
      await testEnvironment.start();
      await testEnvironment.planOf();
      const { reached, thaw } = freeze(testEnvironment.hub, ({ operation }) => operation === 'commit', 'hold-after');
      await testEnvironment.approve();
      await reached;
      await expect.poll(() => ourCommits(testEnvironment.target).catch(() => 0), POLL).toBe(1);
      await one.process.kill();
      thaw();
      await startHost('two');
      await move();
      expect(await testEnvironment.result()).toMatchObject({ outcome: 'published', rounds: 1 });
      expect(requestsOf('commit')).toBe(1);
      expect(await hostsOf(testEnvironment.target, 'buildArtifact')).toEqual([one.id]);
      await testEnvironment.keep('moved-after-commit', ['target']);
    },
    TIMEOUT_MS,
  );
});
