import type { CommitRecord } from './commit-record.js';
import type { RepoStore } from './repos.js';

/** Returns a commit and its ancestors, newest first. */
export const listHistory = async (repos: RepoStore, repo: string, from: CommitRecord): Promise<CommitRecord[]> => {
  const commits: CommitRecord[] = [];
  let next: CommitRecord | undefined = from;
  while (next !== undefined) {
    commits.push(next);
    next = next.parent === undefined ? undefined : await repos.commit(repo, next.parent);
  }
  return commits;
};

/** Returns the newest commit that changed each file of the newest tree, by path. */
export const lastCommits = (history: readonly CommitRecord[]): Map<string, CommitRecord> => {
  const found = new Map<string, CommitRecord>();
  const remaining = new Map(history[0]?.files);
  history.forEach((commit, index) => {
    const before = history[index + 1]?.files;
    for (const [path, entry] of remaining) {
      if (before?.get(path)?.oid === entry.oid) continue;
      found.set(path, commit);
      remaining.delete(path);
    }
  });
  return found;
};
