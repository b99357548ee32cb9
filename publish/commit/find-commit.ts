import { SwpError } from '../../core/error.js';
import type { Hub } from '../../hub/hub.js';
import { listCommitsSince, readTrailers, type CommitFacts } from '../../hub/read/commits.js';
import { readSmallFile } from '../../hub/read/read-small-file.js';
import { assertApproved } from '../../plan/approved.js';
import { digestOfBytes } from '../../core/digests.js';
import { describeBytes, manifestDigest } from '../../plan/manifest.js';
import { manifestOf, parseProvenance, PROVENANCE_LIMIT, PROVENANCE_PATH } from '../../plan/provenance.js';
import type { CommitRequest, CommitSearch } from '../../contract/publish-activities.js';
import { treeHasSealedFiles } from './commit-sealed.js';
import { readHead } from '../facts/read-head.js';
import { isBrokenRecord } from '../facts/last-publish.js';
import { renderProvenance } from '../seal/seal.js';

type Committed = Extract<CommitSearch, { outcome: 'committed' }>;

const commitsSince = async (hub: Hub, { approved, parent }: CommitRequest, signal: AbortSignal): Promise<CommitFacts[]> => {
  try {
    return await listCommitsSince(hub, approved.plan.target.repo, parent, { signal });
  } catch (error) {
    // The repository is deleted, or hidden from this token. The null head in the result reports it.
    if (error instanceof SwpError && error.code === 'hub/not-found') return [];
    throw error;
  }
};

/**
 * Returns the result for a commit if one of our hosts made it for this artifact; null otherwise. Its `provenance.json`
 * must equal, byte for byte, the one rendered from the approved plan and the sealed manifest. Its build environment may
 * be that of any host.
 */
const readOurs = async (
  hub: Hub,
  { approved, manifestDigest: sealed }: CommitRequest,
  { id: commit }: CommitFacts,
  signal: AbortSignal,
): Promise<Committed | null> => {
  const bytes = await readSmallFile(
    hub,
    { repo: approved.plan.target.repo, commit, path: PROVENANCE_PATH, maxBytes: PROVENANCE_LIMIT },
    { signal },
  );
  const provenance = parseProvenance(bytes);
  const manifest = manifestOf(provenance);
  if (manifestDigest(manifest) !== sealed) return null;
  const environment = provenance.predicate.buildDefinition.internalParameters.environment ?? null;
  if (Buffer.compare(renderProvenance(approved, { manifest, environment }), bytes) !== 0) return null;
  const files = [...manifest.files, describeBytes(PROVENANCE_PATH, bytes)];
  if (!(await treeHasSealedFiles(hub, approved, files, commit, signal))) return null;
  const provenanceDigest = digestOfBytes(bytes);
  return { outcome: 'committed', commit, manifestDigest: sealed, provenanceDigest, settled: 'found' };
};

/**
 * Looks for the commit of an artifact after the planned head. Finds it regardless of the host that made it and of later
 * commits, and needs no scratch.
 */
export const findCommit = async (hub: Hub, request: CommitRequest, signal: AbortSignal): Promise<CommitSearch> => {
  const { approved, manifestDigest: sealed } = request;
  assertApproved(approved);
  const head = await readHead(hub, approved.plan.target.repo, signal);
  for (const commit of await commitsSince(hub, request, signal)) {
    const { plan, manifest } = readTrailers(commit.message);
    if (plan !== approved.decision.plan || manifest !== sealed) continue;
    try {
      const ours = await readOurs(hub, request, commit, signal);
      if (ours !== null) return ours;
    } catch (error) {
      // The trailers were copied to a commit without a valid record.
      if (!isBrokenRecord(error)) throw error;
    }
  }
  return { outcome: 'absent', head: head?.commit ?? null };
};
