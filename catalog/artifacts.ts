import { CollectionSlug, type ArtifactKind, type CommitSha, type RepoId } from '../core/ids.js';
import type { Entry } from './entry.js';

/** One target of an entry and its source. Without a revision, the plan uses the head of `main`. */
export interface EntryArtifact {
  readonly kind: ArtifactKind;
  readonly target: RepoId;
  readonly source: RepoId;
  readonly revision?: CommitSha;
  /** The collection that lists the target: its slug, or its title in the target's namespace. */
  readonly collection?: string;
}

const artifact = (
  kind: ArtifactKind,
  target: RepoId | undefined,
  source: RepoId | undefined,
  revision: CommitSha | undefined,
): EntryArtifact[] =>
  target === undefined || source === undefined ? [] : [{ kind, target, source, ...(revision === undefined ? {} : { revision }) }];

/**
 * Returns the artifacts of an entry, in the order in which plans list them. An assistant model is a pointer, not an
 * artifact. The collection applies to the main artifact: the vindex, or each sidecar of an entry without a vindex.
 *
 * @param only the kinds to return; empty for all kinds
 */
export const artifactsOf = (entry: Entry, only: readonly ArtifactKind[] = []): EntryArtifact[] =>
  allArtifacts(entry).filter(({ kind }) => only.length === 0 || only.includes(kind));

const allArtifacts = (entry: Entry): EntryArtifact[] => {
  const vindex = artifact('vindex', entry.hf_repo, entry.source_model, entry.source_revision);
  const sidecars = [
    ...artifact('mtp', entry.mtp_sidecar_repo, entry.mtp_source_repo, entry.mtp_source_revision),
    ...artifact('vision', entry.vision_sidecar_repo, entry.vision_source_repo, entry.vision_source_revision),
  ];
  const withCollection = ({ hf_collection: collection }: Entry, artifacts: EntryArtifact[]): EntryArtifact[] =>
    collection === undefined ? artifacts : artifacts.map((main) => ({ ...main, collection }));
  return vindex.length === 0 ? withCollection(entry, sidecars) : [...withCollection(entry, vindex), ...sidecars];
};

/**
 * Returns everything that a publish of these artifacts would write to: their targets, and the collections given by
 * slug.
 */
export const writtenBy = (artifacts: readonly EntryArtifact[]): (RepoId | CollectionSlug)[] =>
  artifacts.flatMap(({ target, collection }) => {
    const slug = CollectionSlug.safeParse(collection);
    return slug.success ? [target, slug.data] : [target];
  });

/** Returns the probe request for these artifacts: access to their sources and targets, and larql for a vindex. */
export const probeRequestOf = (artifacts: readonly EntryArtifact[]) => ({
  sources: artifacts.map(({ source, revision }) => ({ repo: source, revision: revision ?? null })),
  targets: writtenBy(artifacts),
  ...(artifacts.some(({ kind }) => kind === 'vindex') ? { larql: true } : {}),
});
