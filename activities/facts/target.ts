import { messageOf, SwpError } from '../../core/error.js';
import type { CommitSha, RepoId } from '../../core/ids.js';
import type { HubConfig } from '../../hub/config.js';
import { listCommitsSince, readTrailers } from '../../hub/read/commits.js';
import { readSmallFile } from '../../hub/read/file.js';
import { readRepo } from '../../hub/read/repo.js';
import { gitBlobOf } from '../../plan/canonical.js';
import type { LastPublish, TargetFacts } from '../../plan/facts.js';
import { manifestDigest } from '../../plan/manifest.js';
import { manifestOf, parseProvenance, PROVENANCE_LIMIT, PROVENANCE_PATH } from '../../plan/provenance.js';
import { isEmpty } from '../../plan/target-state.js';

/** Reads the publish that a commit with our trailer made; its manifest must be the one the trailer names. */
const readPublish = async (hub: HubConfig, repo: RepoId, commit: CommitSha, trailer: string, signal: AbortSignal): Promise<LastPublish> => {
  const bytes = await readSmallFile(hub, { repo, commit, path: PROVENANCE_PATH, maxBytes: PROVENANCE_LIMIT }, { signal });
  const provenance = parseProvenance(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  const digest = manifestDigest(manifestOf(provenance));
  if (digest !== trailer)
    throw new SwpError(
      'integrity',
      'facts/manifest-differs',
      `${repo} at ${commit}: its provenance.json has manifest ${digest}, its commit says ${trailer}.`,
    );
  return { commit, manifestDigest: digest, provenance, provenanceBlob: gitBlobOf(bytes) };
};

/** Reads a target as it is now: head, files, and the newest publish of ours. */
export const readTarget = async (hub: HubConfig, repo: RepoId, signal: AbortSignal): Promise<TargetFacts> => {
  const found = await readRepo(hub, repo, undefined, { signal });
  if ('absent' in found) return { repo, exists: false, head: null, private: false, files: [], lastPublish: null, unreadablePublish: null };
  const facts = { repo: found.repo, exists: true, private: found.private, files: found.files };
  if (isEmpty(found.files)) return { ...facts, head: null, lastPublish: null, unreadablePublish: null };
  const commits = await listCommitsSince(hub, found.repo, null, { signal });
  const ours = commits
    .map((commit) => ({ commit, manifest: readTrailers(commit.message).manifest }))
    .find(({ manifest }) => manifest !== undefined);
  if (ours?.manifest === undefined) return { ...facts, head: found.commit, lastPublish: null, unreadablePublish: null };
  try {
    return {
      ...facts,
      head: found.commit,
      lastPublish: await readPublish(hub, found.repo, ours.commit.id, ours.manifest, signal),
      unreadablePublish: null,
    };
  } catch (error) {
    // A record that somebody broke is a finding for the reviewer; a Hub that does not answer is not.
    if (error instanceof SwpError && (error.kind === 'integrity' || error.kind === 'not-found')) {
      return { ...facts, head: found.commit, lastPublish: null, unreadablePublish: messageOf(error) };
    }
    throw error;
  }
};
