import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { CommitSha } from '../core/ids.js';
import type { HubConfig } from '../hub/config.js';
import { createRepo } from '../hub/write/create-repo.js';
import { uploadBlobs, type UploadFile } from '../hub/write/upload.js';
import type { ApprovedArtifact } from '../plan/approved.js';
import type { ArtifactPlan } from '../plan/artifact-plan.js';
import { describeBytes } from '../plan/manifest.js';
import { PROVENANCE_PATH } from '../plan/provenance.js';
import { readHead } from './facts/head.js';
import { renderProvenance, type Sealed } from './seal.js';
import type { UploadReport } from './api.js';

export interface UploadDeps {
  readonly hub: HubConfig;
  readonly stopRequested: () => boolean;
}

type Report = (progress: { readonly file: string; readonly doneBytes: number; readonly totalBytes: number }) => void;
type Parent = { readonly parent: CommitSha } | { readonly stale: string };

/**
 * The commit that ours will follow: the planned head, or the first commit of a repository that is created
 * now as the plan says. Anything else in its place makes the plan stale.
 */
const prepareTarget = async (hub: HubConfig, plan: ArtifactPlan, signal: AbortSignal): Promise<Parent> => {
  const { repo, head, private: isPrivate } = plan.target;
  if (head === null && (await readHead(hub, repo, signal)) === null) await createRepo(hub, repo, { private: isPrivate, signal });
  const now = await readHead(hub, repo, signal);
  if (now === null) return { stale: `${repo} is not there` };
  if (now.private !== isPrivate) return { stale: `${repo} is ${now.private ? 'private' : 'public'}, the plan says otherwise` };
  if (head === null)
    return now.empty ? { parent: now.commit } : { stale: `${repo} was to be created and holds files already, at ${now.commit}` };
  return now.commit === head ? { parent: head } : { stale: `the head of ${repo} was ${head} in the plan and is ${now.commit} now` };
};

/** Files as the uploader takes them: digest known, bytes readable from any position. */
export const uploadFiles = (approved: ApprovedArtifact, sealed: Sealed): UploadFile[] => {
  const provenance = renderProvenance(approved, sealed.manifest);
  const local = sealed.files.flatMap(({ path, size, sha256, localPath }): UploadFile[] =>
    localPath === null
      ? []
      : [
          {
            path,
            size,
            sha256,
            open: (begin, end) => (begin === end ? Readable.from([]) : createReadStream(localPath, { start: begin, end: end - 1 })),
          },
        ],
  );
  const { path, size, sha256 } = describeBytes(PROVENANCE_PATH, provenance);
  return [...local, { path, size, sha256, open: (begin, end) => Readable.from([provenance.subarray(begin, end)]) }];
};

/** Creates the target where the plan says so and sends every blob. Nothing is visible to readers yet. */
export const uploadSealed = async (
  deps: UploadDeps,
  approved: ApprovedArtifact,
  sealed: Sealed,
  report: Report,
  signal: AbortSignal,
): Promise<UploadReport> => {
  const { plan } = approved;
  const prepared = await prepareTarget(deps.hub, plan, signal);
  if ('stale' in prepared) return { outcome: 'stale', reason: prepared.stale };
  const sent = await uploadBlobs(deps.hub, plan.target.repo, uploadFiles(approved, sealed), {
    signal,
    stopRequested: deps.stopRequested,
    onProgress: ({ file, sentBytes, totalBytes }) => report({ file, doneBytes: sentBytes, totalBytes }),
  });
  return { outcome: 'uploaded', parent: prepared.parent, sentBytes: sent.sentBytes, skippedBytes: sent.skippedBytes };
};
