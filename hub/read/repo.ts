import { z } from 'zod';
import { SwpError } from '../../core/error.js';
import { CommitSha, RepoId, sameRepo, type Revision } from '../../core/ids.js';
import { sanitizeLine } from '../../core/text.js';
import type { RepoFile, License } from '../repo-file.js';
import { callJson, hubUrl, type CallOptions } from '../call.js';
import type { Hub } from '../hub.js';
import { readTree } from './tree.js';
import { repoPath } from '../repo-path.js';

export interface RepoInfo {
  /** The id in the Hub's spelling. */
  readonly repo: RepoId;
  readonly commit: CommitSha;
  readonly private: boolean;
  readonly gated: false | 'auto' | 'manual';
  readonly license: License | null;
}

export interface RepoFacts extends RepoInfo {
  readonly files: readonly RepoFile[];
}

const Text = z
  .string()
  .max(2000)
  .transform((text) => sanitizeLine(text, 300))
  .nullish()
  .catch(null);
/** A card may name several licenses; the Hub shows the first. */
const LicenseId = z.union([z.array(Text).transform((list) => list[0] ?? null), Text]).catch(null);

const Info = z.object({
  id: RepoId,
  sha: z.string().nullish(),
  private: z.boolean().catch(false),
  gated: z.union([z.literal(false), z.enum(['auto', 'manual'])]).catch(false),
  cardData: z.object({ license: LicenseId, license_name: Text, license_link: Text }).nullish().catch(null),
});

const licenseOf = (card: z.infer<typeof Info>['cardData']): License | null => {
  if (card === null || card === undefined) return null;
  const license = { id: card.license ?? null, name: card.license_name ?? null, link: card.license_link ?? null };
  return license.id === null && license.name === null ? null : license;
};

const ABSENT = new Set(['hub/not-found', 'hub/revision-not-found']);
/**
 * The error for a request without a token if the repository is absent or private (`huggingface_hub`,
 * `hf_raise_for_status`).
 */
const UNSEEN = 'hub/unauthorized';

/**
 * Reads the facts of a repository at a commit, a branch, a tag, or at the head of `main`. `absent` means that the
 * repository does not exist or that the token may not see it: the Hub does not distinguish the two.
 */
export const readRepoInfo = async (
  hub: Hub,
  repo: RepoId,
  revision: CommitSha | Revision | undefined,
  options: CallOptions,
): Promise<RepoInfo | { readonly absent: true }> => {
  const url = hubUrl(hub, `/api/models/${repoPath(repo)}${revision === undefined ? '' : `/revision/${encodeURIComponent(revision)}`}`);
  let info: z.infer<typeof Info>;
  try {
    info = (await callJson(hub, { method: 'GET', url, signal: options.signal }, Info)).value;
  } catch (error) {
    if (error instanceof SwpError && (ABSENT.has(error.code) || (hub.token === undefined && error.code === UNSEEN)))
      return { absent: true };
    throw error;
  }
  const commit = CommitSha.safeParse(info.sha);
  // A branch or a tag may resolve to any commit, but a commit only to itself.
  const requested = CommitSha.safeParse(revision);
  if (!commit.success || (requested.success && requested.data !== commit.data)) {
    throw new SwpError(
      'integrity',
      'hub/bad-answer',
      `SWP requested ${repo}${revision === undefined ? '' : ` at ${revision}`}, but the Hub returned commit ${sanitizeLine(info.sha ?? '(none)', 60)}.`,
    );
  }
  if (!sameRepo(info.id, repo))
    throw new SwpError('integrity', 'hub/renamed', `${repo} was renamed to ${info.id}.`, {
      hint: 'Write the new name into the entry.',
    });
  return { repo: info.id, commit: commit.data, private: info.private, gated: info.gated, license: licenseOf(info.cardData) };
};

/** Works as {@link readRepoInfo}, and also lists every file at that commit. */
export const readRepo = async (
  hub: Hub,
  repo: RepoId,
  revision: CommitSha | Revision | undefined,
  options: CallOptions,
): Promise<RepoFacts | { readonly absent: true }> => {
  const info = await readRepoInfo(hub, repo, revision, options);
  return 'absent' in info ? info : { ...info, files: await readTree(hub, info.repo, info.commit, options) };
};
