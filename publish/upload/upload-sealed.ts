import { Readable } from 'node:stream';
import { SwpError } from '../../core/error.js';
import type { CommitSha } from '../../core/ids.js';
import type { Hub } from '../../hub/hub.js';
import { createRepo } from '../../hub/write/create-repo.js';
import { PartJournal } from '../../hub/write/part-journal.js';
import { uploadBlobs, type UploadFile, type UploadProgress } from '../../hub/write/upload.js';
import type { ApprovedArtifact } from '../../plan/approved.js';
import type { ArtifactPlan } from '../../plan/artifact-plan.js';
import { describeBytes } from '../../plan/manifest.js';
import { PROVENANCE_PATH } from '../../plan/provenance.js';
import { readHead } from '../facts/read-head.js';
import { copyMirrored, mirroredUpload } from '../build/mirror.js';
import type { ScratchLayout } from '../scratch/scratch-layout.js';
import { renderProvenance, type Sealed } from '../seal/seal.js';
import { openLocalFile } from '../seal/sealed-file.js';
import type { UploadReport } from '../../contract/publish-activities.js';
import { UploadWatch } from './upload-watch.js';

export interface UploadDeps {
  /** Holds the write token for the target. */
  readonly hub: Hub;
  readonly sourceHub: Hub;
  readonly layout: ScratchLayout;
  readonly shouldStop: () => boolean;
}

type Parent = { readonly parent: CommitSha } | { readonly stale: string };

/**
 * Returns the parent of our commit: the planned head or, if the plan creates the repository, its first commit. Creates the
 * repository if needed. In any other state of the target, the plan is stale.
 */
const prepareTarget = async (hub: Hub, plan: ArtifactPlan, signal: AbortSignal): Promise<Parent> => {
  const { repo, head, private: isPrivate } = plan.target;
  if (head === null && (await readHead(hub, repo, signal)) === null) await createRepo(hub, repo, { private: isPrivate, signal });
  const now = await readHead(hub, repo, signal);
  if (now === null) return { stale: `${repo} does not exist` };
  if (now.private !== isPrivate)
    return { stale: `${repo} is ${now.private ? 'private, but the plan says public' : 'public, but the plan says private'}` };
  if (head === null)
    return now.empty ? { parent: now.commit } : { stale: `the plan creates ${repo}, but it already holds files, at ${now.commit}` };
  return now.commit === head ? { parent: head } : { stale: `the head of ${repo} was ${head} in the plan and is ${now.commit} now` };
};

/**
 * Returns the files to upload. Each has a known digest, and its bytes can be read from any offset and are checked while
 * read.
 */
export const uploadFiles = (
  { sourceHub }: Pick<UploadDeps, 'sourceHub'>,
  approved: ApprovedArtifact,
  sealed: Sealed,
  signal: AbortSignal,
): UploadFile[] => {
  const provenance = renderProvenance(approved, sealed);
  const files = sealed.files.flatMap(({ path, size, sha256, bytes }): UploadFile[] => {
    if (bytes.at === 'target') return [];
    if (bytes.at === 'source') return [mirroredUpload(sourceHub, approved.plan, path, signal)];
    return [{ path, size, sha256, open: (begin, end) => openLocalFile(sourceHub.machine.files, bytes, begin, end) }];
  });
  const { path, size, sha256 } = describeBytes(PROVENANCE_PATH, provenance);
  return [...files, { path, size, sha256, open: (begin, end) => Readable.from([provenance.subarray(begin, end)]) }];
};

/** Creates the target if the plan says so and sends every blob. Nothing is visible to readers before the commit. */
export const uploadSealed = async (
  deps: UploadDeps,
  approved: ApprovedArtifact,
  sealed: Sealed,
  report: (progress: UploadProgress) => void,
  signal: AbortSignal,
): Promise<UploadReport> => {
  const { plan } = approved;
  const prepared = await prepareTarget(deps.hub, plan, signal);
  if ('stale' in prepared) return { outcome: 'stale', reason: prepared.stale };
  if (plan.recipeDigest === null) throw new SwpError('internal', 'upload/no-recipe', `The plan for ${plan.target.repo} has no recipe.`);
  if (plan.action === 'publish' && plan.mirrored !== undefined)
    await copyMirrored({ writeHub: deps.hub, sourceHub: deps.sourceHub }, plan, signal);
  const journal = await PartJournal.open(deps.hub.machine, deps.layout.uploadJournal(plan.recipeDigest, plan.target.repo));
  try {
    const files = uploadFiles(deps, approved, sealed, signal);
    const stallError = new AbortController();
    const watch = new UploadWatch();
    const options = {
      signal: AbortSignal.any([signal, stallError.signal]),
      journal,
      shouldStop: deps.shouldStop,
      onProgress: (progress: UploadProgress) => {
        report(progress);
        const reason = watch.check(progress.doneBytes, progress.totalBytes, deps.hub.machine.clock.elapsed());
        if (reason !== null) stallError.abort(reason);
      },
    };
    const { sentBytes, skippedBytes, unseenBytes } = await uploadBlobs(deps.hub, plan.target.repo, files, options);
    return { outcome: 'uploaded', parent: prepared.parent, sentBytes, skippedBytes, unseenBytes };
  } finally {
    await journal.close();
  }
};
