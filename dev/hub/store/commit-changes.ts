import type { CommitSha } from '../../../core/ids.js';
import { applyOperations, type TreeOperation } from './apply-operations.js';
import type { CommitRecord } from './commit-record.js';
import type { NewCommit, RepoStore } from './repos.js';

export interface Changes extends NewCommit {
  readonly operations: readonly TreeOperation[];
  /** Head that the writer saw; the commit is refused if the current head differs. */
  readonly parent?: string | undefined;
}

type CommitOutcome =
  | { readonly kind: 'committed'; readonly commit: CommitRecord }
  | { readonly kind: 'no-repo' }
  | { readonly kind: 'moved'; readonly head: CommitSha }
  | { readonly kind: 'dangling'; readonly paths: readonly string[] }
  | { readonly kind: 'missing'; readonly path: string }
  | { readonly kind: 'invalid'; readonly reason: string };

/** Commits to `main` atomically: applies all operations or none of them, and only onto the given parent. */
export const commitChanges = async (repos: RepoStore, repo: string, changes: Changes): Promise<CommitOutcome> =>
  repos.exclusively(repo, async () => {
    const record = await repos.find(repo);
    const head = record === undefined ? undefined : await repos.commit(record.id, record.head);
    if (record === undefined || head === undefined) return { kind: 'no-repo' };
    if (changes.parent !== undefined && changes.parent !== record.head) return { kind: 'moved', head: record.head };

    const applied = applyOperations(head.files, changes.operations);
    if (applied.kind !== 'tree') return applied;

    const dangling: string[] = [];
    for (const operation of changes.operations) {
      if (operation.kind !== 'put' || operation.entry.lfs === undefined) continue;
      const size = await repos.objectSize(record.id, operation.entry.lfs);
      if (size === undefined) dangling.push(operation.path);
      else if (size !== operation.entry.size)
        return { kind: 'invalid', reason: `The size of "${operation.path}" is ${operation.entry.size}, but its object has ${size} bytes.` };
    }
    if (dangling.length > 0) return { kind: 'dangling', paths: dangling };
    return { kind: 'committed', commit: await repos.advance(record, changes, applied.tree) };
  });
