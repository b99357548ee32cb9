import { z } from 'zod';
import { SwpError } from '../../core/error.js';
import { GitBlobId, Sha256, type CommitSha, type RepoId } from '../../core/ids.js';
import { compareBytes, sanitizeLine } from '../../core/text.js';
import type { RepoFile } from '../repo-file.js';
import { hubUrl, type CallOptions } from '../call.js';
import type { Hub } from '../hub.js';
import { readPages } from './paging.js';
import { repoPath } from '../repo-path.js';

/** The Hub allows 100,000 files in a repository, and lists its folders too. */
const LIMITS = { pages: 1_000, items: 150_000 };

const Row = z.object({
  type: z.string(),
  path: z.string(),
  oid: z.string().optional(),
  size: z.int().nonnegative().optional(),
  lfs: z.object({ oid: z.string(), size: z.int().nonnegative() }).nullish(),
  xetHash: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullish()
    .catch(null),
});

const checkPath = (repo: string, path: string): void => {
  const parts = path.split('/');
  if (path.length > 1024 || /[\u0000-\u001f\u007f\\]/.test(path) || parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw new SwpError('integrity', 'hub/bad-path', `${repo} lists a file with an invalid path: ${sanitizeLine(path, 120)}.`);
  }
};

const factsOf = (repo: string, row: z.infer<typeof Row>): RepoFile => {
  checkPath(repo, row.path);
  const blob = GitBlobId.safeParse(row.oid);
  const lfs = row.lfs === null || row.lfs === undefined ? null : Sha256.safeParse(row.lfs.oid);
  if (!blob.success || row.size === undefined || lfs?.success === false)
    throw new SwpError('integrity', 'hub/bad-answer', `${repo} lists ${sanitizeLine(row.path, 120)} with an invalid digest or size.`);
  return {
    path: row.path,
    size: row.lfs?.size ?? row.size,
    gitBlob: blob.data,
    lfs: lfs?.data ?? null,
    ...(typeof row.xetHash === 'string' && lfs !== null ? { xetHash: row.xetHash } : {}),
  };
};

/**
 * Lists every file at a commit, in the order of UTF-8 bytes. Leaves out directories, which some servers list with an
 * empty path.
 */
export const readTree = async (hub: Hub, repo: RepoId, commit: CommitSha, options: CallOptions): Promise<RepoFile[]> => {
  const rows = await readPages(hub, hubUrl(hub, `/api/models/${repoPath(repo)}/tree/${commit}?recursive=true`), Row, LIMITS, options);
  const files = rows
    .filter((row) => row.type === 'file')
    .map((row) => factsOf(repo, row))
    .toSorted((a, b) => compareBytes(a.path, b.path));
  const duplicate = files.find((file, at) => files[at - 1]?.path === file.path);
  if (duplicate !== undefined)
    throw new SwpError('integrity', 'hub/bad-answer', `${repo} lists ${sanitizeLine(duplicate.path, 120)} twice.`);
  return files;
};
