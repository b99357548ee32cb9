import { RepoId } from '../../../core/ids.js';
import type { LocalHub } from '../../../dev/hub/index.js';
import { describeBytes, makeManifest } from '../../../plan/manifest.js';
import { PROVENANCE_PATH } from '../../../plan/provenance.js';
import { plan, recordOf } from '../../plan/fixtures.js';

export const PAYLOAD: ReadonlyMap<string, Uint8Array> = new Map([
  ['README.md', Buffer.from('# Heads\n')],
  ['mtp.safetensors', Buffer.alloc(40_000, 7)],
  ['mtp.tensors.json', Buffer.from('{}\n')],
]);

export interface PublishedOptions {
  /** Changes the record before it is committed. */
  readonly record?: (text: string) => string | Uint8Array;
  /** Trailers other than those of the record. */
  readonly trailers?: { readonly plan?: string; readonly manifest?: string };
}

/** Puts a target on a hub as a publish of ours leaves it. */
export const putPublished = async (hub: LocalHub, repo: string, { record = (text) => text, trailers = {} }: PublishedOptions = {}) => {
  const { text, last } = recordOf(
    plan(),
    RepoId.parse(repo),
    makeManifest([...PAYLOAD].map(([path, bytes]) => describeBytes(path, bytes))),
  );
  const planDigest = last.provenance.predicate.buildDefinition.internalParameters.planDigest;
  const recordText = record(Buffer.from(text).toString());
  await hub.admin.createRepo(repo);
  return hub.admin.commitFiles(
    repo,
    new Map([...PAYLOAD, [PROVENANCE_PATH, typeof recordText === 'string' ? Buffer.from(recordText) : recordText]]),
    {
      message: `Publish\n\nSWP-Plan: ${trailers.plan ?? planDigest}\nSWP-Manifest: ${trailers.manifest ?? last.manifestDigest}`,
    },
  );
};
