import { expect } from 'vitest';
import { publishId, targetId } from '../../contract/names.js';
import { attemptsOfSteps, scheduledSteps } from '../support/steps.js';
import { freeze, type Matches } from '../support/freeze.js';
import { WorkerProcess } from '../support/worker-process.js';
import { Workshop } from '../support/workshop.js';

/** The sidecar goes out in several parts of this size. */
const PART_BYTES = 20_000;

/** A workshop whose workers are processes that a test kills and starts again. */
export class KillWorkshop {
  private readonly processes: WorkerProcess[] = [];

  private constructor(readonly workshop: Workshop) {}

  static async open(): Promise<KillWorkshop> {
    return new KillWorkshop(
      await Workshop.open('kill', { workers: false, hub: { multipartThreshold: PART_BYTES, chunkSize: PART_BYTES } }),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.kill()));
    await this.workshop.close();
  }

  async start(role: 'control' | 'highmem'): Promise<WorkerProcess> {
    const started = await WorkerProcess.start(role, this.workshop.workerEnv(role));
    this.processes.push(started);
    return started;
  }

  async startBoth(): Promise<{ control: WorkerProcess; highmem: WorkerProcess }> {
    const [control, highmem] = await Promise.all([this.start('control'), this.start('highmem')]);
    return { control, highmem };
  }

  async expectPublishedOnce(): Promise<void> {
    const { workshop } = this;
    expect(await workshop.result()).toMatchObject({ outcome: 'published' });
    expect(await workshop.ourCommits()).toBe(1);
    const { planEntry } = await scheduledSteps(workshop.temporal, publishId(workshop.entry().name));
    expect(planEntry).toBe(1);
    const steps = await scheduledSteps(workshop.temporal, targetId(workshop.target));
    expect(steps).toMatchObject({ buildArtifact: 1, uploadArtifact: 1, commitArtifact: 1, verifyArtifact: 1 });
  }

  /** Kills the high-memory worker when an exchange with the hub is reached, and starts another. */
  async crashAt(matches: Matches, kind: 'hold' | 'hold-after', whenReached: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    const { workshop } = this;
    const { highmem } = await this.startBoth();
    await workshop.start();
    await workshop.planOf();
    const { reached, thaw } = freeze(workshop.hub, matches, kind);
    await workshop.approve();
    await reached;
    await whenReached();
    await highmem.kill();
    thaw();
    await this.start('highmem');
    await this.expectPublishedOnce();
  }

  /** How often each step of the target was begun. */
  attempts() {
    return attemptsOfSteps(this.workshop.temporal, targetId(this.workshop.target));
  }
}
