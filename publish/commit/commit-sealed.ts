import pMap from 'p-map';
import { collectBytes } from '../../core/collect-bytes.js';
import { SwpError } from '../../core/error.js';
import type { CommitSha } from '../../core/ids.js';
import { plural } from '../../core/text.js';
import type { Hub } from '../../hub/hub.js';
import { readRepo } from '../../hub/read/repo.js';
import { commitOnce, type CommitFile } from '../../hub/write/commit.js';
import { findLostBlobs } from '../../hub/write/lost-blobs.js';
import { PartJournal } from '../../hub/write/part-journal.js';
import { classifyUploads, type UploadFile } from '../../hub/write/upload.js';
import { validateCard } from '../../hub/write/validate-card.js';
import type { ApprovedArtifact } from '../../plan/approved.js';
import type { ArtifactPlan } from '../../plan/artifact-plan.js';
import { CARD_PATH } from '../../plan/card.js';
import { digestOfBytes, sha256Of } from '../../core/digests.js';
import { describeBytes, type ManifestFile } from '../../plan/manifest.js';
import { PROVENANCE_PATH } from '../../plan/provenance.js';
import { holds } from '../../plan/target-state.js';
import type { CommitReport } from '../../contract/publish-activities.js';
import type { ScratchLayout } from '../scratch/scratch-layout.js';
import { renderProvenance, type Sealed } from '../seal/seal.js';
import { uploadFiles } from '../upload/upload-sealed.js';

/** Limit of files read concurrently for the commit. Files of a mirror are read from the Hub. */
const FILES_IN_FLIGHT = 8;

export interface CommitDeps {
  /** Called once the Hub may have received a commit request. */
  readonly onSent?: () => void;
  /** Holds the write token for the target. */
  readonly hub: Hub;
  readonly sourceHub: Hub;
  readonly layout: ScratchLayout;
}

/** Returns true if all our files at the commit are the sealed ones and no file that the plan deletes is left. */
export const treeHasSealedFiles = async (
  hub: Hub,
  approved: ApprovedArtifact,
  files: readonly ManifestFile[],
  commit: CommitSha,
  signal: AbortSignal,
): Promise<boolean> => {
  const { plan } = approved;
  const found = await readRepo(hub, plan.target.repo, commit, { signal });
  if ('absent' in found) return false;
  const tree = new Map(found.files.map((file) => [file.path, file]));
  const same = files.every((file) => holds(file, tree.get(file.path)));
  return same && plan.operations.every((operation) => operation.op !== 'delete' || !tree.has(operation.path));
};

/**
 * Returns a file as the commit sends it. The commit includes the content of files outside LFS, so their digest is
 * checked again.
 */
const commitFile = async ({ path, size, sha256, open }: UploadFile, isLfs: boolean): Promise<CommitFile> => {
  if (isLfs) return { path, lfs: { sha256, size } };
  const content = await collectBytes(open(0, size));
  const found = sha256Of(content);
  if (found !== sha256)
    throw new SwpError('integrity', 'commit/differs', `The bytes of ${path} have sha256 ${found}, but the sealed file has ${sha256}.`, {
      hint: 'Nothing is published. Retry; if it fails again, the disk or the source is damaged: move to another host, or tell its owner.',
    });
  return { path, content };
};

/** Returns the trailers that identify our commit. */
const trailersOf = (approved: ApprovedArtifact, sealed: Sealed): Readonly<Record<string, string>> => ({
  'SWP-Plan': approved.decision.plan,
  'SWP-Manifest': sealed.digest,
});

/** Validates the card with the Hub: its validation endpoint gives better messages than a refused commit. */
const checkCard = async (hub: Hub, plan: ArtifactPlan, files: readonly UploadFile[], signal: AbortSignal): Promise<void> => {
  const card = files.find(({ path }) => path === CARD_PATH);
  if (card === undefined) return;
  const { errors } = await validateCard(hub, (await collectBytes(card.open(0, card.size))).toString(), { signal });
  if (errors.length > 0)
    throw new SwpError('conflict', 'commit/card-refused', `The Hub refuses the card of ${plan.target.repo}: ${errors.join('; ')}`, {
      hint: 'Fix the fields of the source or the entry that the card uses, abandon, and start again.',
    });
};

const lostBlobs = async (
  { hub, layout }: CommitDeps,
  plan: ArtifactPlan,
  blobs: readonly UploadFile[],
  signal: AbortSignal,
): Promise<UploadFile[]> => {
  if (plan.recipeDigest === null) return [];
  const journal = await PartJournal.open(hub.machine, layout.uploadJournal(plan.recipeDigest, plan.target.repo));
  try {
    return await findLostBlobs(hub, plan.target.repo, blobs, journal, { signal });
  } finally {
    await journal.close();
  }
};

/**
 * Makes one atomic commit on the planned parent, never on another. A retry after a lost response or a crash finds the first
 * commit: at most one commit can succeed.
 */
export const commitSealed = async (
  deps: CommitDeps,
  approved: ApprovedArtifact,
  sealed: Sealed,
  parent: CommitSha,
  signal: AbortSignal,
): Promise<CommitReport> => {
  const { hub } = deps;
  const { plan } = approved;
  if (plan.target.head !== null && plan.target.head !== parent)
    throw new SwpError('integrity', 'commit/other-parent', `The plan for ${plan.target.repo} has head ${plan.target.head}, not ${parent}.`);
  const provenance = renderProvenance(approved, sealed);
  const files = uploadFiles(deps, approved, sealed, signal);
  const { lfs } = await classifyUploads(hub, plan.target.repo, files, { signal });
  const expected = [...sealed.manifest.files, describeBytes(PROVENANCE_PATH, provenance)];
  await checkCard(hub, plan, files, signal);
  const lost = await lostBlobs(
    deps,
    plan,
    files.filter(({ path }) => lfs.has(path)),
    signal,
  );
  if (lost.length > 0)
    return { outcome: 'blobs-missing', reason: `the Hub no longer has ${plural(lost.length, 'blob')}, such as ${lost[0]?.path}` };
  try {
    const done = await commitOnce(
      hub,
      {
        repo: plan.target.repo,
        parent,
        title: `Publish ${plan.kind} of ${approved.entryName}`,
        trailers: trailersOf(approved, sealed),
        files: await pMap(files, (file) => commitFile(file, lfs.has(file.path)), { concurrency: FILES_IN_FLIGHT, signal }),
        deletions: plan.operations.flatMap((operation) => (operation.op === 'delete' ? [operation.path] : [])),
      },
      {
        signal,
        treeMatches: (commit) => treeHasSealedFiles(hub, approved, expected, commit, signal),
        ...(deps.onSent === undefined ? {} : { onSent: deps.onSent }),
      },
    );
    if (done.outcome === 'stale') return { outcome: 'stale', reason: done.reason };
    return {
      outcome: 'committed',
      commit: done.commit,
      manifestDigest: sealed.digest,
      provenanceDigest: digestOfBytes(provenance),
      settled: done.settled,
    };
  } catch (error) {
    if (error instanceof SwpError && error.code === 'hub/lfs-missing') return { outcome: 'blobs-missing', reason: error.message };
    throw error;
  }
};
