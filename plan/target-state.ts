import type { RepoFile } from '../hub/repo-file.js';
import type { LastPublish, TargetFacts } from './facts.js';
import type { ManifestFile } from './manifest.js';
import { manifestOf, PROVENANCE_PATH } from './provenance.js';

/** The Hub makes this file when it creates a repository. */
export const GIT_ATTRIBUTES = '.gitattributes';

/** Returns true for a repository that counts as absent: it holds only the file from its creation. */
export const isEmpty = (files: readonly RepoFile[]): boolean => files.every((file) => file.path === GIT_ATTRIBUTES);

/** Returns true if the Hub's listing of a file matches its line in a manifest. */
export const holds = (file: ManifestFile, found: RepoFile | undefined): boolean => {
  if (found === undefined || found.size !== file.size) return false;
  return found.lfs === null ? file.gitBlob !== undefined && found.gitBlob === file.gitBlob : found.lfs === file.sha256;
};

const byPath = (files: readonly RepoFile[]): ReadonlyMap<string, RepoFile> => new Map(files.map((file) => [file.path, file]));

/** Returns the files of our last publish whose bytes are not (or no longer) what it published. */
export const driftedFiles = (last: LastPublish, files: readonly RepoFile[]): string[] => {
  const found = byPath(files);
  const drifted = manifestOf(last.provenance)
    .files.filter((file) => !holds(file, found.get(file.path)))
    .map((file) => file.path);
  return found.get(PROVENANCE_PATH)?.gitBlob === last.provenanceBlob ? drifted : [...drifted, PROVENANCE_PATH];
};

export const isIntact = (last: LastPublish, files: readonly RepoFile[]): boolean => driftedFiles(last, files).length === 0;

/** Returns every path that our last publish owns in the target. */
export const ownedPaths = (target: TargetFacts): ReadonlySet<string> =>
  new Set(
    target.lastPublish === null ? [] : [...manifestOf(target.lastPublish.provenance).files.map((file) => file.path), PROVENANCE_PATH],
  );
