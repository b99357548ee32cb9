import { SwpError } from '../../core/error.js';
import type { CommitSha, RepoId } from '../../core/ids.js';

/** Bytes that came are not those that the commit lists. */
export const fileDiffers = (
  { repo, commit, path }: { readonly repo: RepoId; readonly commit: CommitSha; readonly path: string },
  hint?: string,
): SwpError =>
  new SwpError(
    'integrity',
    'hub/file-differs',
    `${repo} at ${commit}: the bytes of ${path} are not those that its commit lists.`,
    hint === undefined ? {} : { hint },
  );
