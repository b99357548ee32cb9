import { SwpError } from '../../core/error.js';
import type { CommitSha, RepoId } from '../../core/ids.js';

/** Returns the error for received bytes that do not match the digest in the commit. */
export const fileDiffers = (
  { repo, commit, path }: { readonly repo: RepoId; readonly commit: CommitSha; readonly path: string },
  hint?: string,
): SwpError =>
  new SwpError(
    'integrity',
    'hub/file-differs',
    `${repo} at ${commit}: the bytes of ${path} do not match the digest that the commit lists.`,
    hint === undefined ? {} : { hint },
  );
