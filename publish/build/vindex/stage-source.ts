import { pathExists } from '../../../core/files.js';
import { join } from 'node:path';
import { runAll } from '../../../core/run-all.js';
import { downloadFile } from '../../../hub/read/download.js';
import { snapshotIn } from '../../../larql/environment.js';
import type { RepoFile } from '../../../hub/repo-file.js';
import type { SourceFacts } from '../../../plan/facts.js';
import type { ReportProgress } from '../../progress.js';
import { spaceCheck } from '../../scratch/capacity.js';
import type { BuildDeps } from '../build-payload.js';

const FILES_IN_FLIGHT = 2;

/** A source in the layout that larql reads: a Hub cache with exactly one snapshot of one repository. */
export interface StagedSource {
  readonly hubCache: string;
  readonly snapshot: string;
}

export const stagedIn = (directory: string, { repo, commit }: Pick<SourceFacts, 'repo' | 'commit'>): StagedSource => {
  const hubCache = join(directory, 'hub');
  return { hubCache, snapshot: snapshotIn(hubCache, repo, commit) };
};

/**
 * Downloads the files that larql reads and checks each against the digest that its commit lists. Skips files that are
 * there: a download gets its name only when it is complete.
 */
export const stageSource = async (
  { hub, layout: { root } }: Pick<BuildDeps, 'hub' | 'layout'>,
  source: SourceFacts,
  files: readonly RepoFile[],
  directory: string,
  report: ReportProgress,
  signal: AbortSignal,
): Promise<void> => {
  const { files: local } = hub.machine;
  const { snapshot } = stagedIn(directory, source);
  const totalBytes = files.reduce((sum, { size }) => sum + size, 0);
  const checkSpace = spaceCheck(local, root, directory, totalBytes);
  let [doneBytes, doneFiles] = [0, 0];
  const onArrived = (file: string, bytes: number): void => {
    doneBytes += bytes;
    report({ file, doneBytes, totalBytes, doneFiles, totalFiles: files.length });
  };
  await runAll(
    files,
    async (file, taskSignal) => {
      const path = join(snapshot, file.path);
      if (await pathExists(local, path)) onArrived(file.path, file.size);
      else {
        await checkSpace();
        await downloadFile(hub, { repo: source.repo, commit: source.commit, ...file }, path, {
          signal: taskSignal,
          onBytes: (bytes) => onArrived(file.path, bytes),
        });
      }
      doneFiles += 1;
    },
    { concurrency: FILES_IN_FLIGHT, signal },
  );
};
