import { expect } from 'vitest';
import { publishId, targetId } from '../../contract/names.js';
import { attemptsOfSteps, scheduledSteps } from '../support/steps.js';
import { freeze, type Matches } from '../support/freeze.js';
import { WorkerProcess } from '../support/worker-process.js';
import { TestEnvironment } from '../support/test-environment.js';

/** The sidecar is uploaded in several parts of this size. */
const PART_BYTES = 20_000;

/** A test environment whose workers are processes that a test kills and starts again. */
export class KillEnvironment {
  private readonly processes: WorkerProcess[] = [];

  private constructor(readonly testEnvironment: TestEnvironment) {}

  static async open(): Promise<KillEnvironment> {
    return new KillEnvironment(
      await TestEnvironment.open('kill', { workers: false, hub: { multipartThreshold: PART_BYTES, chunkSize: PART_BYTES } }),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.kill()));
    await this.testEnvironment.close();
  }

  async start(role: 'control' | 'highmem'): Promise<WorkerProcess> {
    const started = await WorkerProcess.start(role, this.testEnvironment.workerEnv(role));
    this.processes.push(started);
    return started;
  }

  async startBoth(): Promise<{ control: WorkerProcess; highmem: WorkerProcess }> {
    const [control, highmem] = await Promise.all([this.start('control'), this.start('highmem')]);
    return { control, highmem };
  }

  async expectPublishedOnce(): Promise<void> {
    const { testEnvironment } = this;
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
    expect(await testEnvironment.ourCommits()).toBe(1);
    const { planEntry } = await scheduledSteps(testEnvironment.temporal, publishId(testEnvironment.entry().name));
    expect(planEntry).toBe(1);
    const steps = await scheduledSteps(testEnvironment.temporal, targetId(testEnvironment.target));
    expect(steps).toMatchObject({ buildArtifact: 1, uploadArtifact: 1, commitArtifact: 1, verifyArtifact: 1 });
  }

  /** Kills the high-memory worker when an exchange with the hub is reached, and starts another. */
  async crashAt(matches: Matches, kind: 'hold' | 'hold-after', whenReached: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    const { testEnvironment } = this;
    const { highmem } = await this.startBoth();
    await testEnvironment.start();
    await testEnvironment.planOf();
    const { reached, thaw } = freeze(testEnvironment.hub, matches, kind);
    await testEnvironment.approve();
    await reached;
    await whenReached();
    await highmem.kill();
    thaw();
    await this.start('highmem');
    await this.expectPublishedOnce();
  }

  /** Number of attempts of each step of the target. */
  attempts() {
    return attemptsOfSteps(this.testEnvironment.temporal, targetId(this.testEnvironment.target));
  }
}
