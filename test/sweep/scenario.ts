import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EntrySnapshot } from '../../catalog/snapshot.js';
import { RepoId } from '../../core/ids.js';
import { generateCheckpoint } from '../../dev/checkpoint/generate.js';
import { generateLlama } from '../../dev/checkpoint/llama.js';
import { generateVision } from '../../dev/checkpoint/vision.js';
import { installStandIn } from '../../dev/larql/install.js';
import { TestEnvironment, type TestEnvironmentOptions } from '../support/test-environment.js';

/** A publish that is repeated, each time with its own source and target. */
export interface Scenario {
  readonly name: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Bytes of a part of an upload: the largest files have several parts, and not many. */
  readonly partBytes: number;
  /** Published with the stand-in for larql. */
  readonly larql?: true;
  readonly entry: (testEnvironment: TestEnvironment, source: RepoId, target: RepoId, key: string) => EntrySnapshot;
}

const NO_MTP = {
  mtp_source_repo: undefined,
  mtp_sidecar_repo: undefined,
};

export const SCENARIOS = {
  mtp: {
    name: 'mtp',
    files: generateCheckpoint({ seed: 5, size: 'small' }).files,
    partBytes: 60_000,
    entry: (testEnvironment, source, target, key) => testEnvironment.entry({ mtp_source_repo: source, mtp_sidecar_repo: target }, key),
  },
  vision: {
    name: 'vision',
    files: generateVision({ seed: 5 }).files,
    partBytes: 60_000,
    entry: (testEnvironment, source, target, key) =>
      testEnvironment.entry({ ...NO_MTP, vision_source_repo: source, vision_sidecar_repo: target }, key),
  },
  vindex: {
    name: 'vindex',
    files: generateLlama({ seed: 1 }).files,
    partBytes: 140_000,
    larql: true,
    entry: (testEnvironment, source, target, key) =>
      testEnvironment.entry(
        { ...NO_MTP, source_model: source, quant: 'q4k', slices: ['full'], output_name: `${key}.vindex`, hf_repo: target },
        key,
      ),
  },
} as const satisfies Record<string, Scenario>;

export interface ScenarioEnvironment {
  readonly testEnvironment: TestEnvironment;
  readonly close: () => Promise<void>;
}

/** A test environment in which a scenario can be published. */
export const openWorld = async (
  label: string,
  scenario: Scenario,
  options: Pick<TestEnvironmentOptions, 'workers'> = {},
): Promise<ScenarioEnvironment> => {
  const directory = await mkdtemp(join(tmpdir(), 'swp-sweep-'));
  const larql = scenario.larql === true ? { larql: await installStandIn(directory) } : {};
  // Copies by the hub are off because they would leave nothing to send.
  const hub = { multipartThreshold: scenario.partBytes, chunkSize: scenario.partBytes, serverCopy: false };
  const testEnvironment = await TestEnvironment.open(label, { ...options, ...larql, hub });
  const close = async (): Promise<void> => {
    await testEnvironment.close();
    await rm(directory, { recursive: true, force: true });
  };
  return { testEnvironment, close };
};

export interface Repos {
  readonly key: string;
  readonly source: RepoId;
  readonly target: RepoId;
  readonly entry: EntrySnapshot;
}

let count = 0;

/** A fresh source, an absent target, and an entry for them. */
export const freshRepos = async (testEnvironment: TestEnvironment, scenario: Scenario): Promise<Repos> => {
  const key = `${testEnvironment.queue}-${scenario.name}-${(count += 1)}`;
  const source = RepoId.parse(`labs/${key}`);
  const target = RepoId.parse(`Acme/${key}`);
  await testEnvironment.hub.admin.createRepo(source);
  await testEnvironment.hub.admin.commitFiles(source, scenario.files, { message: 'A checkpoint' });
  return { key, source, target, entry: scenario.entry(testEnvironment, source, target, key) };
};
