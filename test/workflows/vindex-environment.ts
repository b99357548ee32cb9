import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EntrySnapshot } from '../../catalog/snapshot.js';
import { RepoId } from '../../core/ids.js';
import { type BehaviourInput } from '../../dev/larql/behaviour.js';
import { installStandIn } from '../../dev/larql/install.js';
import { readRuns, type Run } from '../../dev/larql/runs.js';
import { installedLarql } from '../dev/larql/larql-fixture.js';
import { snapshotOf } from '../support/snapshot.js';
import { TestEnvironment } from '../support/test-environment.js';

/** The larql that a high-memory worker finds. */
export interface Larql {
  readonly name: string;
  /** Installs the program if it is a stand-in, and returns its path. */
  readonly path: (directory: string) => Promise<string>;
}

export const standIn = (behaviour: BehaviourInput = {}): Larql => ({
  name: 'the stand-in',
  path: (directory) => installStandIn(directory, behaviour),
});

export const NO_LARQL: Larql = { name: 'none', path: (directory) => Promise.resolve(join(directory, 'none')) };

/** The stand-in and, if it is installed, the real program. */
export const larqls = (): Larql[] => {
  const real = installedLarql();
  const found = [standIn(), ...(real === undefined ? [] : [{ name: `larql at ${real}`, path: () => Promise.resolve(real) }])];
  process.stderr.write(`Vindexes are published with ${found.map(({ name }) => name).join(' and ')}.\n`);
  return found;
};

/** A test environment that publishes the vindexes of one source model. */
export class VindexEnvironment {
  private constructor(
    readonly testEnvironment: TestEnvironment,
    readonly source: RepoId,
    /** Holds the stand-in and the record of its runs. */
    readonly directory: string,
  ) {}

  static async open(files: ReadonlyMap<string, Uint8Array>, larql: Larql = standIn()): Promise<VindexEnvironment> {
    const directory = await mkdtemp(join(tmpdir(), 'swp-vindex-'));
    const testEnvironment = await TestEnvironment.open('vindex', larql === NO_LARQL ? {} : { larql: await larql.path(directory) });
    const source = RepoId.parse(`labs/${testEnvironment.queue}-model`);
    await testEnvironment.hub.admin.createRepo(source);
    await testEnvironment.hub.admin.commitFiles(source, files, { message: 'A model' });
    return new VindexEnvironment(testEnvironment, source, directory);
  }

  async close(): Promise<void> {
    await this.testEnvironment.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  targetOf(slice: string): RepoId {
    return RepoId.parse(`Acme/${this.testEnvironment.queue}-${slice}-vindex`);
  }

  entry(slice = 'full'): EntrySnapshot {
    const { queue } = this.testEnvironment;
    return this.testEnvironment.entry(
      {
        mtp_source_repo: undefined,
        mtp_sidecar_repo: undefined,
        source_model: this.source,
        quant: 'q4k',
        slices: [slice],
        output_name: `${queue}-${slice}.vindex`,
        hf_repo: this.targetOf(slice),
      },
      `${queue}-${slice}`,
    );
  }

  async publish(slice = 'full') {
    await this.testEnvironment.start(this.entry(slice));
    const plan = await this.testEnvironment.approve(1, this.entry(slice));
    return { plan, result: await this.testEnvironment.result(this.entry(slice)) };
  }

  /** The published files, as Python's `huggingface_hub` reads them. */
  published(slice = 'full'): Promise<ReadonlyMap<string, Buffer>> {
    return snapshotOf(this.testEnvironment.hub.url, this.targetOf(slice), 'main', this.directory);
  }

  /** Downloads of the weights that read more than their header. */
  sourceDownloads(): number {
    return this.testEnvironment.hub.requests.filter(
      ({ operation, repo, file, sent }) => operation === 'cdn' && repo === this.source && file === 'model.safetensors' && sent > 100_000,
    ).length;
  }

  extractions(): Run[] {
    return readRuns(this.directory).filter(({ args }) => args[0] === 'extract' && args[1] === this.source);
  }

  /** The error message of a publish whose plan is blocked. */
  async blockedPlan(): Promise<string> {
    await this.testEnvironment.start(this.entry());
    const failure: unknown = await this.testEnvironment.result(this.entry()).catch((error: unknown) => error);
    return String((failure as { cause?: unknown }).cause ?? failure);
  }
}
