import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Worker } from '@temporalio/worker';
import { THIS_MACHINE } from '../../core/this-machine.js';
import type { TemporalClient } from '../../temporal/connect-client.js';
import { scratchIn, type ScratchLayout } from '../../publish/scratch/scratch-layout.js';
import { newestPlan } from '../../temporal/newest-plan.js';
import { startPublish } from '../../temporal/start-publish.js';
import { readRunning } from '../../temporal/running.js';
import { EntrySnapshot } from '../../catalog/snapshot.js';
import { RepoId, type ArtifactKind } from '../../core/ids.js';
import { generateCheckpoint, type CheckpointOptions } from '../../dev/checkpoint/generate.js';
import { startLocalHub, type LocalHub, type Operation } from '../../dev/hub/index.js';
import { openHub, type Hub } from '../../hub/hub.js';
import { Secret } from '../../core/secret.js';
import type { ShownPlan } from '../../plan/render/markdown.js';
import { connectWorker } from '../../worker/connection.js';
import { createControlWorkers } from '../../worker/control.js';
import { createHighmemWorkers } from '../../worker/highmem.js';
import { runWorkers } from '../../worker/run.js';
import { publishId, targetId } from '../../contract/names.js';
import type { publishEntry } from '../../workflows/publish-entry.js';
import type { Stage } from '../../contract/stages.js';
import type { PublishInput, PublishResult } from '../../contract/results.js';
import { CaseHub } from './case-hub.js';
import { keepHistory } from './keep-history.js';
import { machineWithClock } from './machine.js';
import { quietRuntime } from './runtime.js';
import { connectTestClient, testTemporalEnv, uniqueName, workflowBundle } from './temporal.js';
import { TOKENS } from './tokens.js';
import { workerSettings } from './worker-settings.js';
import type { TestEnvironmentOptions } from './test-environment-options.js';

export type { TestEnvironmentOptions };

quietRuntime();

const POLL_MS = 40;
/** Caps the waits that the Hub requests. */
const LONGEST_SLEEP_MS = 60;

/** A local hub with a checkpoint, both workers in this process, and the client to drive them. */
export class TestEnvironment {
  private readonly stopped = new AbortController();
  private running: Promise<unknown> = Promise.resolve();
  private lastStart = new Date(0);
  private cases = 0;
  readonly hub: LocalHub;
  private readonly caseHub: CaseHub;

  private constructor(
    local: LocalHub,
    readonly temporal: TemporalClient,
    readonly directory: string,
    readonly queue: string,
    private readonly options: TestEnvironmentOptions,
  ) {
    this.caseHub = new CaseHub(local);
    this.hub = this.caseHub.hub;
  }

  private get name(): string {
    return this.cases === 0 ? this.queue : `${this.queue}-${this.cases}`;
  }

  get source(): RepoId {
    return RepoId.parse(`labs/${this.name}`);
  }

  get target(): RepoId {
    return RepoId.parse(`Acme/${this.name}-mtp`);
  }

  /** Begins another case with the same workers, but with its own repositories and entry, and without the previous faults. */
  async renew(): Promise<void> {
    this.caseHub.renew();
    this.cases += 1;
    await this.putSource();
  }

  requestsOf(operation: Operation): LocalHub['requests'] {
    return this.caseHub.requestsOf(operation);
  }

  static async open(label: string, options: TestEnvironmentOptions = {}): Promise<TestEnvironment> {
    const directory = await mkdtemp(join(tmpdir(), 'swp-test-'));
    const hub = await startLocalHub({
      ...options.hub,
      directory: join(directory, 'hub'),
      tokens: [
        { token: TOKENS.read, user: 'reader', orgs: ['Acme'], role: 'read' },
        { token: TOKENS.write, user: 'writer', orgs: ['Acme'], role: 'write' },
      ],
    });
    const testEnvironment = new TestEnvironment(hub, await connectTestClient(), directory, uniqueName(label), options);
    await testEnvironment.putSource();
    if (options.workers !== false) await testEnvironment.startWorkers();
    return testEnvironment;
  }

  /** Stops the workers gracefully: their running steps end at the next boundary. */
  async stopWorkers(): Promise<void> {
    this.stopped.abort();
    await this.running;
  }

  async close(): Promise<void> {
    await this.stopWorkers();
    await this.temporal.close();
    await this.hub.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  async putSource(options: Partial<CheckpointOptions> = {}, repo: RepoId = this.source): Promise<void> {
    if (!(await this.hub.admin.exists(repo))) await this.hub.admin.createRepo(repo);
    await this.hub.admin.commitFiles(repo, generateCheckpoint({ seed: 7, size: 'small', ...options }).files, { message: 'A checkpoint' });
  }

  entry(over: Record<string, unknown> = {}, key = this.name): EntrySnapshot {
    return EntrySnapshot.parse({
      name: `test/${key}`,
      entry: { key, tier: 'smoke', mtp_source_repo: this.source, mtp_sidecar_repo: this.target, ...over },
    });
  }

  /** The catalog that the control worker re-validates. */
  private get catalogFile(): string {
    return join(this.directory, 'skulk-weights.yaml');
  }

  /** Writes the catalog with these entries, whose names are `test/…`. */
  async writeCatalog(entries: readonly EntrySnapshot[] = [this.entry()]): Promise<void> {
    await writeFile(this.catalogFile, 'include_foxlight: false\nsources:\n  - name: test\n    path: entries.yaml\n');
    // JSON is YAML.
    await writeFile(join(this.directory, 'entries.yaml'), JSON.stringify({ models: entries.map(({ entry }) => entry) }));
  }

  async start(
    entry: EntrySnapshot = this.entry(),
    only: ArtifactKind[] = [],
    over: Pick<PublishInput, 'reviewArtifacts' | 'startedBy'> = {},
  ): Promise<void> {
    this.lastStart = new Date();
    await startPublish(this.temporal.client, { entry, only, ...over }, this.queue);
  }

  handle(entry: EntrySnapshot = this.entry()) {
    return this.temporal.client.workflow.getHandle<typeof publishEntry>(publishId(entry.name));
  }

  targetHandle(target: RepoId = this.target) {
    return this.temporal.client.workflow.getHandle(targetId(target));
  }

  result(entry: EntrySnapshot = this.entry()): Promise<PublishResult> {
    return this.handle(entry).result();
  }

  /** Waits until the publish, or the workflow of its target, reaches a stage. */
  async until(stage: Stage, id: string = publishId(this.entry().name)): Promise<void> {
    for (;;) {
      const running = await readRunning(this.temporal.client, id);
      // A run that closed before the last start belongs to an earlier publish: its successor begins after the approval.
      const isEarlierRun = running?.closedAt != null && running.closedAt < this.lastStart;
      if (running?.stage === stage && !isEarlierRun) return;
      if (running !== null && running.status !== 'RUNNING' && !isEarlierRun)
        throw new Error(`${id} is ${running.status}, ${running.stage}, instead of ${stage}`);
      await delay(POLL_MS);
    }
  }

  untilTarget(stage: Stage): Promise<void> {
    return this.until(stage, targetId(this.target));
  }

  /** Waits for the plan of the given round. */
  async planOf(round = 1, entry: EntrySnapshot = this.entry()): Promise<ShownPlan> {
    for (;;) {
      const plan = await newestPlan(this.temporal.client, publishId(entry.name)).catch(() => null);
      if (plan !== null && plan.round >= round) {
        await this.until('awaiting-approval', publishId(entry.name));
        return plan;
      }
      await delay(POLL_MS);
    }
  }

  /** Approves the plan of a round by an update. */
  async approve(round = 1, entry: EntrySnapshot = this.entry()): Promise<ShownPlan> {
    const plan = await this.planOf(round, entry);
    await this.handle(entry).executeUpdate('decide', { args: [{ plan: plan.digest, verdict: 'approve', reviewer: 'ada' }] });
    return plan;
  }

  /** Commits that carry our trailers. */
  async ourCommits(): Promise<number> {
    const commits = await this.hub.admin.listCommits(this.target);
    return commits.filter((commit) => JSON.stringify(commit).includes('SWP-Manifest')).length;
  }

  /** Saves the histories of this publish and of its target as replay fixtures; see `keepHistory`. */
  async keep(shape: string, which: readonly ('publish' | 'target')[] = ['publish'], entry: EntrySnapshot = this.entry()): Promise<void> {
    const ids = { publish: publishId(entry.name), target: targetId(this.target) };
    for (const part of which) await keepHistory(this.temporal.client, ids[part], `${shape}.${part}`);
  }

  /** The scratch of a host in this test environment. */
  layout(scratch = 'scratch'): ScratchLayout {
    return scratchIn(join(this.directory, scratch));
  }

  /** Settings for a worker process in this test environment. Another scratch means another host. */
  workerEnv(role: 'control' | 'highmem', scratch = 'scratch'): NodeJS.ProcessEnv {
    return {
      ...testTemporalEnv(),
      HF_ENDPOINT: this.hub.url,
      HF_TOKEN: role === 'control' ? TOKENS.read : TOKENS.write,
      SWP_SCRATCH: join(this.directory, scratch),
      SWP_TARGETS: 'Acme',
      SWP_TASK_QUEUE: this.queue,
      ...(this.options.larql === undefined
        ? {}
        : { SWP_LARQL: this.options.larql, SWP_LARQL_STAND_IN: 'allow', SWP_LARQL_BLOCKS: 'early' }),
    };
  }

  /** Settings for `swp` as a person in this test environment runs it. */
  clientEnv(): NodeJS.ProcessEnv {
    return {
      ...testTemporalEnv(),
      HOME: this.directory,
      HF_ENDPOINT: this.hub.url,
      HF_TOKEN: TOKENS.read,
      SWP_TASK_QUEUE: this.queue,
      NO_COLOR: '1',
    };
  }

  private larqlEnv(): NodeJS.ProcessEnv {
    const { larql } = this.options;
    return larql === undefined ? {} : { PATH: process.env['PATH'], SWP_LARQL: larql };
  }

  private hubConfig(token: string): Hub {
    const machine = machineWithClock({
      sleep: (milliseconds, signal) => THIS_MACHINE.clock.sleep(Math.min(milliseconds, LONGEST_SLEEP_MS), signal),
    });
    return openHub({ endpoint: new URL(this.hub.url), token: new Secret(token) }, machine);
  }

  /** Starts another high-memory worker in this process. Another scratch means another host. */
  async startHost(scratch: string): Promise<string> {
    const { connection, namespace } = await connectWorker(testTemporalEnv());
    const { workers, host } = await this.createHost({ connection, namespace }, scratch);
    const running = runWorkers(workers, this.stopped.signal).finally(() => connection.close());
    this.running = Promise.all([this.running, running]);
    return host;
  }

  private settings(scratch = 'scratch') {
    const { directory, catalogFile, queue, options } = this;
    return workerSettings({ scratch: join(directory, scratch), catalogFile, taskQueue: queue }, options);
  }

  private createHost(server: Pick<Awaited<ReturnType<typeof connectWorker>>, 'connection' | 'namespace'>, scratch?: string) {
    const hub = this.hubConfig(TOKENS.write);
    return createHighmemWorkers({
      ...server,
      settings: this.settings(scratch),
      writeHub: hub,
      sourceHub: hub,
      shouldStop: () => this.stopped.signal.aborted,
      env: this.larqlEnv(),
      deferMs: 10,
      defersClaims: false,
    });
  }

  private async startWorkers(): Promise<void> {
    const { connection, namespace } = await connectWorker(testTemporalEnv());
    const control = await createControlWorkers({
      connection,
      namespace,
      settings: this.settings(),
      hub: this.hubConfig(TOKENS.read),
      workflowBundle: workflowBundle(),
    });
    const { workers } = await this.createHost({ connection, namespace });
    const all: Worker[] = [...control, ...workers];
    this.running = runWorkers(all, this.stopped.signal).finally(() => connection.close());
  }
}
