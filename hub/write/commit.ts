import { z } from 'zod';
import { messageOf, SwpError } from '../../core/error.js';
import { CommitSha, type RepoId, type Sha256 } from '../../core/ids.js';
import { callJson, callJsonOnce, hubUrl } from '../call.js';
import type { Hub } from '../hub.js';
import { listCommitsSince } from '../read/commits.js';
import { repoPath } from '../repo-path.js';

export type CommitFile =
  | { readonly path: string; readonly lfs: { readonly sha256: Sha256; readonly size: number } }
  | { readonly path: string; readonly content: Uint8Array };

export interface NewCommit {
  readonly repo: RepoId;
  /** The only commit that the new commit may follow. */
  readonly parent: CommitSha;
  readonly title: string;
  /** Lines at the end of the message, which identify a commit of SWP. */
  readonly trailers: Readonly<Record<string, string>>;
  readonly files: readonly CommitFile[];
  readonly deletions: readonly string[];
}

export type CommitOutcome =
  | { readonly outcome: 'committed'; readonly commit: CommitSha; readonly settled: 'answered' | 'found' }
  | { readonly outcome: 'stale'; readonly head: CommitSha; readonly reason: string };

export interface CommitOptions {
  readonly signal: AbortSignal;
  /** Checks that the tree at a commit is exactly the tree that this commit would create. */
  readonly treeMatches: (commit: CommitSha) => Promise<boolean>;
  /** Called when the Hub may have received a commit request: an earlier failure left the Hub unchanged. */
  readonly onSent?: () => void;
}

/** First wait before the head is checked again: a commit request that timed out may still complete on the server. */
const SETTLE_MS = 5_000;
const LONGEST_SETTLE_MS = 60_000;
/** The Hub ends a commit request after a minute; silence is a failure only after that. */
const COMMIT_IDLE_MS = 120_000;

const trailerLines = (newCommit: NewCommit): string[] => Object.entries(newCommit.trailers).map(([name, value]) => `${name}: ${value}`);

const bodyOf = (newCommit: NewCommit): Uint8Array => {
  const lines = [
    { key: 'header', value: { summary: newCommit.title, description: trailerLines(newCommit).join('\n'), parentCommit: newCommit.parent } },
    ...newCommit.files.map((file) =>
      'lfs' in file
        ? { key: 'lfsFile', value: { path: file.path, algo: 'sha256', oid: file.lfs.sha256, size: file.lfs.size } }
        : { key: 'file', value: { path: file.path, content: Buffer.from(file.content).toString('base64'), encoding: 'base64' } },
    ),
    ...newCommit.deletions.map((path) => ({ key: 'deletedFile', value: { path } })),
  ];
  return new TextEncoder().encode(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
};

const Answer = z.object({ commitOid: CommitSha });

const sendCommit = async (hub: Hub, newCommit: NewCommit, { signal, onSent }: CommitOptions): Promise<CommitSha> => {
  const request = {
    method: 'POST',
    url: hubUrl(hub, `/api/models/${repoPath(newCommit.repo)}/commit/main`),
    ...(onSent === undefined ? {} : { onConnected: onSent }),
    signal,
    idleMs: COMMIT_IDLE_MS,
    headers: { 'content-type': 'application/x-ndjson' },
    body: bodyOf(newCommit),
  } as const;
  return (await callJsonOnce(hub, request, Answer)).commitOid;
};

/** Reads the current head of `main`; the list of commits since the parent does not contain it if there are none. */
const readHead = async (hub: Hub, repo: RepoId, signal: AbortSignal): Promise<CommitSha> =>
  (
    await callJson(
      hub,
      { method: 'GET', url: hubUrl(hub, `/api/models/${repoPath(repo)}/revision/main`), signal },
      z.object({ sha: CommitSha }),
    )
  ).value.sha;

/** Determines the state since the parent: this commit exists, another commit exists, or the head has not moved. */
const checkHead = async (hub: Hub, newCommit: NewCommit, options: CommitOptions): Promise<CommitOutcome | 'unmoved'> => {
  const head = await readHead(hub, newCommit.repo, options.signal);
  if (head === newCommit.parent) return 'unmoved';
  const since = await listCommitsSince(hub, newCommit.repo, newCommit.parent, options);
  const wanted = trailerLines(newCommit);
  for (const { id, message } of since) {
    const lines = message.split(/\r?\n/).map((line) => line.trim());
    if (wanted.every((line) => lines.includes(line)) && (await options.treeMatches(id)))
      return { outcome: 'committed', commit: id, settled: 'found' };
  }
  return {
    outcome: 'stale',
    head,
    reason: `there is a new commit in ${newCommit.repo} since the plan: its head is ${head}, but the plan expects ${newCommit.parent}`,
  };
};

/**
 * Returns true for an error after which the same commit can be sent again. Some servers answer 500 where the Hub
 * answers 412.
 */
const shouldResend = (error: unknown): boolean =>
  error instanceof SwpError &&
  (error.transient || error.code === 'hub/precondition' || error.code === 'hub/bad-answer' || error.code === 'hub/conflict');

const isMissingBlob = (error: SwpError): boolean => error.code === 'hub/refused' && /LFS pointer/i.test(error.message);

/** Returns the error for a refused commit that is not in the repository. */
const refusedCommitError = (newCommit: NewCommit, error: unknown): unknown => {
  if (!(error instanceof SwpError)) return error;
  const code = isMissingBlob(error) ? 'hub/lfs-missing' : error.code;
  const message = `${error.message}; the head of ${newCommit.repo} is still ${newCommit.parent}`;
  return new SwpError(error.kind, code, message, { cause: error.cause, ...(error.hint === undefined ? {} : { hint: error.hint }) });
};

const unknownCommitError = (newCommit: NewCommit, sendError: unknown, checkError: SwpError): SwpError =>
  new SwpError(
    checkError.kind,
    'hub/commit-unknown',
    `The commit to ${newCommit.repo} may have been made: ${messageOf(sendError)}; SWP could not check this: ${checkError.message}`,
    { cause: checkError.cause, hint: checkError.hint ?? 'Retry: SWP looks for the commit before it sends anything again.' },
  );

/**
 * Checks the head, and once more after a wait if it has not moved: a request that failed here may still complete on the
 * server.
 */
const checkHeadTwice = async (
  hub: Hub,
  newCommit: NewCommit,
  options: CommitOptions,
  waitMs: number,
): Promise<CommitOutcome | 'unmoved'> => {
  const first = await checkHead(hub, newCommit, options);
  if (first !== 'unmoved') return first;
  await hub.machine.clock.sleep(waitMs, options.signal);
  return checkHead(hub, newCommit, options);
};

/**
 * Creates one commit on one parent at most once, even if the caller restarts, an answer is lost or another account
 * commits. Looks for an earlier attempt before it sends anything. When a request may have reached the Hub, every error
 * leaves the outcome unknown, because a proxy can answer anything after the Hub has created the commit: only the
 * repository shows the outcome. Never commits onto a head other than the planned one.
 *
 * @throws SwpError `hub/lfs-missing` if the Hub no longer has a blob; `hub/commit-unknown` if a request was sent and the
 *   search for its commit failed; any other refusal after the search for the commit
 */
export const commitOnce = async (hub: Hub, newCommit: NewCommit, options: CommitOptions): Promise<CommitOutcome> => {
  const before = await checkHead(hub, newCommit, options);
  if (before !== 'unmoved') return before;
  const begunAt = hub.machine.clock.elapsed();
  for (let round = 0; ; round += 1) {
    let failure: unknown;
    try {
      return { outcome: 'committed', commit: await sendCommit(hub, newCommit, options), settled: 'answered' };
    } catch (error) {
      failure = error;
    }
    options.signal.throwIfAborted();
    const waitMs = Math.min(LONGEST_SETTLE_MS, SETTLE_MS * 2 ** round);
    const settleMs = Math.max(waitMs, failure instanceof SwpError ? (failure.retryAfterMs ?? 0) : 0);
    const isLast = !shouldResend(failure) || round + 1 >= hub.attempts;
    if (failure instanceof SwpError && !isLast) hub.onRetry(failure, settleMs, hub.machine.clock.elapsed() - begunAt);
    let after: CommitOutcome | 'unmoved';
    try {
      after = await checkHeadTwice(hub, newCommit, options, settleMs);
    } catch (error) {
      throw error instanceof SwpError ? unknownCommitError(newCommit, failure, error) : error;
    }
    if (after !== 'unmoved') return after;
    if (isLast) throw refusedCommitError(newCommit, failure);
  }
};
