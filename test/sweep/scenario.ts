import type { EntrySnapshot } from '../../catalog/snapshot.js';
import { RepoId } from '../../core/ids.js';
import { generateCheckpoint } from '../../dev/checkpoint/generate.js';
import { generateVision } from '../../dev/checkpoint/vision.js';
import type { Workshop } from '../support/workshop.js';

/** What is published again and again, each time from and to repositories of its own. */
export interface Scenario {
  readonly name: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly entry: (workshop: Workshop, source: RepoId, target: RepoId, key: string) => EntrySnapshot;
}

const NOTHING = {
  mtp_source_repo: undefined,
  mtp_sidecar_repo: undefined,
};

export const SCENARIOS = {
  mtp: {
    name: 'mtp',
    files: generateCheckpoint({ seed: 5, size: 'small' }).files,
    entry: (workshop, source, target, key) => workshop.entry({ mtp_source_repo: source, mtp_sidecar_repo: target }, key),
  },
  vision: {
    name: 'vision',
    files: generateVision({ seed: 5 }).files,
    entry: (workshop, source, target, key) => workshop.entry({ ...NOTHING, vision_source_repo: source, vision_sidecar_repo: target }, key),
  },
} as const satisfies Record<string, Scenario>;

/** Small parts, so that a small file has several; and no copies by the hub, which would leave nothing to send. */
export const HUB = { multipartThreshold: 60_000, chunkSize: 60_000, serverCopy: false } as const;

export interface Repos {
  readonly key: string;
  readonly source: RepoId;
  readonly target: RepoId;
  readonly entry: EntrySnapshot;
}

let count = 0;

/** A fresh source, an absent target, and an entry for them. */
export const freshRepos = async (workshop: Workshop, scenario: Scenario): Promise<Repos> => {
  const key = `${workshop.queue}-${scenario.name}-${(count += 1)}`;
  const source = RepoId.parse(`labs/${key}`);
  const target = RepoId.parse(`Acme/${key}`);
  await workshop.hub.admin.createRepo(source);
  await workshop.hub.admin.commitFiles(source, scenario.files, { message: 'A checkpoint' });
  return { key, source, target, entry: scenario.entry(workshop, source, target, key) };
};
