import { SwpError } from '../../core/error.js';
import type { CommitSha, Digest, RepoId } from '../../core/ids.js';
import type { Hub } from '../../hub/hub.js';
import { listCommitsUntil, readTrailers, type CommitFacts, type Trailers } from '../../hub/read/commits.js';
import { readSmallFile } from '../../hub/read/read-small-file.js';
import { readTwiceIfWrong } from '../../hub/read/read-twice.js';
import { gitBlobOf } from '../../core/digests.js';
import type { LastPublish } from '../../plan/facts.js';
import { describeBytes, manifestDigest, type ManifestFile } from '../../plan/manifest.js';
import { manifestOf, parseProvenance, PROVENANCE_LIMIT, PROVENANCE_PATH } from '../../plan/provenance.js';

/** A commit with our trailers. */
export interface OurCommit {
  readonly id: CommitSha;
  readonly trailers: Trailers & { readonly manifest: string };
  readonly accounts: readonly string[];
  /** Later commits, newest first. */
  readonly since: readonly CommitFacts[];
}

/** Finds the newest commit of a target, from its head backwards, that has our trailers; null if there is none. */
export const findOurCommit = async (hub: Hub, repo: RepoId, head: CommitSha, signal: AbortSignal): Promise<OurCommit | null> => {
  const isOurs = ({ message }: CommitFacts): boolean => readTrailers(message).manifest !== undefined;
  const commits = await listCommitsUntil(hub, repo, head, isOurs, { signal });
  const last = commits.at(-1);
  const { manifest, ...trailers } = readTrailers(last?.message ?? '');
  if (last === undefined || manifest === undefined) return null;
  return { id: last.id, trailers: { ...trailers, manifest }, accounts: last.accounts, since: commits.slice(0, -1) };
};

export interface PublishRecord extends LastPublish {
  readonly manifestDigest: Digest;
  /** `provenance.json` itself, which is not part of the manifest. */
  readonly file: ManifestFile;
}

const isManifest = (record: Uint8Array, wanted: string): boolean => {
  try {
    return manifestDigest(manifestOf(parseProvenance(record))) === wanted;
  } catch (error) {
    if (isBrokenRecord(error)) return false;
    throw error;
  }
};

/**
 * Reads the publish record in one of our commits.
 *
 * @throws SwpError `facts/manifest-differs` if its manifest is not the one that the commit names, and the errors for a
 *   missing or invalid record
 */
export const readRecord = async (hub: Hub, repo: RepoId, ours: OurCommit, signal: AbortSignal): Promise<PublishRecord> => {
  const wanted = { repo, commit: ours.id, path: PROVENANCE_PATH, maxBytes: PROVENANCE_LIMIT };
  const { value: bytes } = await readTwiceIfWrong(
    hub,
    new SwpError('integrity', 'facts/manifest-differs', `${repo} at ${ours.id}: ${PROVENANCE_PATH} does not match its commit.`),
    (from) => readSmallFile(from, wanted, { signal }),
    (read) => isManifest(read, ours.trailers.manifest),
  );
  const provenance = parseProvenance(bytes);
  const digest = manifestDigest(manifestOf(provenance));
  if (digest !== ours.trailers.manifest)
    throw new SwpError(
      'integrity',
      'facts/manifest-differs',
      `${repo} at ${ours.id}: its provenance.json has manifest ${digest}, but its commit names ${ours.trailers.manifest}.`,
    );
  return {
    commit: ours.id,
    manifestDigest: digest,
    provenance,
    provenanceBlob: gitBlobOf(bytes),
    file: describeBytes(PROVENANCE_PATH, bytes),
  };
};

/** Returns true for an error that means a missing or damaged record, as opposed to a Hub that does not answer. */
export const isBrokenRecord = (error: unknown): error is SwpError =>
  error instanceof SwpError && (error.kind === 'integrity' || error.kind === 'not-found');
