import { createHash } from 'node:crypto';
import { expect, vi } from 'vitest';
import { generateCheckpoint } from '../../dev/checkpoint/generate.js';
import type { Intercept } from '../../dev/hub/index.js';
import { installStandIn } from '../../dev/larql/install.js';
import { headerOfFile } from '../../formats/safetensors/header.js';
import { publishId, targetId } from '../../contract/names.js';
import { freeze } from '../support/freeze.js';
import { partsJournalled, slabsJournalled } from '../support/scratch-journals.js';
import { WorkerProcess } from '../support/worker-process.js';
import { TestEnvironment } from '../support/test-environment.js';
import { freshRepos, SCENARIOS, type Repos } from '../sweep/scenario.js';
import type { OlderBuild } from './older-build.js';

/** The upgrade interrupts an upload: this part and all later parts do not arrive before the upgrade. */
export const HELD_PART = 4;
const PART_BYTES = 20_000;
const WAIT = { timeout: 20_000 };

/** Two checkpoints whose bytes no other publish sends. */
const HALF_UPLOADED = generateCheckpoint({ seed: 12, size: 'small' }).files;
const HALF_BUILT = generateCheckpoint({ seed: 11, size: 'small' }).files;
const [WHOLE, HELD] = [...HALF_BUILT].flatMap(([path, bytes]) =>
  path.endsWith('.safetensors')
    ? [
        {
          oid: createHash('sha256').update(bytes).digest('hex'),
          heads: headerOfFile(bytes).tensors.filter(({ name }) => name.startsWith('mtp.')).length,
        },
      ]
    : [],
) as [Shard, Shard];
interface Shard {
  readonly oid: string;
  readonly heads: number;
}

/** Publishes that an older build started, each stopped at another stage, and the upgrade to this build. */
export class OlderBuildScenario {
  private workers: WorkerProcess[] = [];
  private readonly undo: (() => void)[] = [];
  private oidOfHalf: string | undefined;
  private readsBefore = 0;

  private constructor(
    readonly testEnvironment: TestEnvironment,
    private readonly older: OlderBuild,
    readonly publishes: Readonly<Record<string, Repos>>,
  ) {}

  /** Starts a publish of each kind that awaits approval, a paused publish, and MTP publishes that stop at the other stages. */
  static async open(older: OlderBuild): Promise<OlderBuildScenario> {
    const testEnvironment = await TestEnvironment.open('upgrade', {
      workers: false,
      larql: await installStandIn(older.directory),
      hub: { multipartThreshold: PART_BYTES, chunkSize: PART_BYTES, serverCopy: false },
    });
    const { mtp } = SCENARIOS;
    const wanted = {
      ...Object.fromEntries(older.kinds.map((kind) => [kind, SCENARIOS[kind]])),
      unplanned: mtp,
      paused: older.kinds.includes('vindex') ? SCENARIOS.vindex : mtp,
      halfUploaded: { ...mtp, files: HALF_UPLOADED },
      halfBuilt: { ...mtp, files: HALF_BUILT },
    };
    const publishes: Record<string, Repos> = {};
    for (const [place, scenario] of Object.entries(wanted)) publishes[place] = await freshRepos(testEnvironment, scenario);
    const opened = new OlderBuildScenario(testEnvironment, older, publishes);
    try {
      await opened.begin();
      return opened;
    } catch (error) {
      await opened.close();
      throw error;
    }
  }

  of(place: string): Repos {
    const publish = this.publishes[place];
    if (publish === undefined) throw new Error(`no publish was started as ${place}`);
    return publish;
  }

  /** Stops the older control worker gracefully, kills the older high-memory worker, and starts the workers of this build. */
  async upgrade(): Promise<void> {
    const [control, highmem] = this.workers;
    await Promise.all([control?.stop(), highmem?.kill()]);
    this.readsBefore = this.readsOfWhole();
    for (const undo of this.undo) undo();
    await this.startWorkers();
  }

  /** Part numbers below the held one that the interrupted upload sent, with repetitions. */
  partsOfHalf(): number[] {
    return this.testEnvironment.hub.requests
      .flatMap(({ operation, oid, part }) =>
        operation === 'part' && oid === this.oidOfHalf && part !== undefined && part < HELD_PART ? [part] : [],
      )
      .toSorted((a, b) => a - b);
  }

  /** Number of reads, since the upgrade, of the shard whose heads were journalled before it. */
  readsOfJournalled(): number {
    return this.readsOfWhole() - this.readsBefore;
  }

  private readsOfWhole(): number {
    return this.testEnvironment.hub.requests.filter(({ operation, oid }) => operation === 'cdn' && oid === WHOLE.oid).length;
  }

  async close(): Promise<void> {
    for (const undo of this.undo) undo();
    await Promise.all(this.workers.map((worker) => worker.kill()));
    await this.testEnvironment.close();
  }

  private async begin(): Promise<void> {
    await this.startWorkers(this.older.program);
    const stopRefusing = this.refuse('validate-yaml', 400, { errors: [{ message: 'no' }] });
    const { unplanned: _, ...others } = this.publishes;
    await this.start([this.of('unplanned')]);
    await this.testEnvironment.until('needs-attention', publishId(this.of('unplanned').entry.name));
    stopRefusing();
    await this.start(Object.values(others));
    await this.leaveHalfBuilt();
    await this.leavePaused();
    await this.leaveHalfUploaded();
  }

  private async start(publishes: readonly Repos[]): Promise<void> {
    const startPublish = await this.older.startPublish();
    const { temporal, queue } = this.testEnvironment;
    for (const { entry } of publishes) await startPublish(temporal.client, { entry, only: [] }, queue);
  }

  private async leaveHalfBuilt(): Promise<void> {
    const { entry } = this.of('halfBuilt');
    await this.testEnvironment.planOf(1, entry);
    let reads = 0;
    // Before the heads of a shard, the build reads its header with one request and compares it with two more.
    const headerReads = 3;
    const { reached, thaw } = freeze(
      this.testEnvironment.hub,
      ({ operation, oid }) => operation === 'cdn' && oid === HELD.oid && ++reads > headerReads,
      'hold',
    );
    this.undo.push(thaw);
    await this.testEnvironment.approve(1, entry);
    await reached;
    await vi.waitFor(async () => expect(await slabsJournalled(this.testEnvironment)).toBe(WHOLE.heads), WAIT);
  }

  private async leavePaused(): Promise<void> {
    const { entry, target } = this.of('paused');
    this.undo.push(this.refuse('lfs-batch', 403, { error: 'Private storage quota exceeded' }, target));
    await this.testEnvironment.approve(1, entry);
    await this.testEnvironment.until('needs-attention', targetId(target));
  }

  private async leaveHalfUploaded(): Promise<void> {
    const { reached, thaw } = freeze(
      this.testEnvironment.hub,
      ({ operation, oid, part }) => {
        if (operation === 'part') this.oidOfHalf ??= oid;
        return operation === 'part' && part !== undefined && part >= HELD_PART;
      },
      'hold',
    );
    this.undo.push(thaw);
    await this.testEnvironment.approve(1, this.of('halfUploaded').entry);
    await reached;
    await vi.waitFor(async () => expect(await partsJournalled(this.testEnvironment)).toBe(HELD_PART - 1), WAIT);
  }

  /** Makes the Hub refuse an operation, on one repository or on all, until the returned function is called. */
  private refuse(operation: string, status: number, body: unknown, repo?: string): () => void {
    const intercept: Intercept = (exchange) =>
      exchange.operation === operation && (repo === undefined || exchange.repo?.toLowerCase() === repo.toLowerCase())
        ? { kind: 'status', status, body: JSON.stringify(body) }
        : undefined;
    return this.testEnvironment.hub.on(intercept);
  }

  private async startWorkers(program?: string): Promise<void> {
    const env = (role: 'control' | 'highmem') => ({ ...this.testEnvironment.workerEnv(role), SWP_SLOTS: '3' });
    this.workers.push(
      ...(await Promise.all([
        WorkerProcess.start('control', env('control'), program),
        WorkerProcess.start('highmem', env('highmem'), program),
      ])),
    );
  }
}
