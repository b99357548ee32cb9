import { z } from 'zod';
import { SwpError } from '../../core/error.js';
import { CommitSha, type RepoId, type Sha256 } from '../../core/ids.js';
import { callJson, callJsonOnce, hubUrl } from '../call.js';
import type { HubConfig } from '../config.js';
import { listCommitsSince } from '../read/commits.js';
import { sleepFor } from '../retry.js';

export type CommitFile =
  | { readonly path: string; readonly lfs: { readonly sha256: Sha256; readonly size: number } }
  | { readonly path: string; readonly content: Uint8Array };

export interface CommitOrder {
  readonly repo: RepoId;
  /** The one commit that ours may follow. */
  readonly parent: CommitSha;
  readonly title: string;
  /** Lines at the end of the message, by which a commit of ours is known again. */
  readonly trailers: Readonly<Record<string, string>>;
  readonly files: readonly CommitFile[];
  readonly deletions: readonly string[];
}

export type CommitOutcome =
  | { readonly outcome: 'committed'; readonly commit: CommitSha; readonly settled: 'answered' | 'found' }
  | { readonly outcome: 'stale'; readonly head: CommitSha; readonly reason: string };

export interface CommitOptions {
  readonly signal: AbortSignal;
  /** Whether the tree at a commit holds exactly what this one would make. */
  readonly treeMatches: (commit: CommitSha) => Promise<boolean>;
}

/** A commit that times out may still complete on the far side: so long it is waited for before another look. */
const SETTLE_MS = 5_000;
const LONGEST_SETTLE_MS = 60_000;
/** The Hub ends a commit request after a minute; only then is silence a failure. */
const COMMIT_IDLE_MS = 120_000;

const trailerLines = (order: CommitOrder): string[] => Object.entries(order.trailers).map(([name, value]) => `${name}: ${value}`);

const bodyOf = (order: CommitOrder): Uint8Array => {
  const lines = [
    { key: 'header', value: { summary: order.title, description: trailerLines(order).join('\n'), parentCommit: order.parent } },
    ...order.files.map((file) =>
      'lfs' in file
        ? { key: 'lfsFile', value: { path: file.path, algo: 'sha256', oid: file.lfs.sha256, size: file.lfs.size } }
        : { key: 'file', value: { path: file.path, content: Buffer.from(file.content).toString('base64'), encoding: 'base64' } },
    ),
    ...order.deletions.map((path) => ({ key: 'deletedFile', value: { path } })),
  ];
  return new TextEncoder().encode(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
};

const Answer = z.object({ commitOid: CommitSha });

const send = async (hub: HubConfig, order: CommitOrder, signal: AbortSignal): Promise<CommitSha> => {
  const request = {
    method: 'POST',
    url: hubUrl(hub, `/api/models/${order.repo}/commit/main`),
    authorized: true,
    signal,
    idleMs: COMMIT_IDLE_MS,
    headers: { 'content-type': 'application/x-ndjson' },
    body: bodyOf(order),
  } as const;
  return (await callJsonOnce(hub, request, Answer)).commitOid;
};

/** The head as the Hub has it now: the commits since the parent leave it out when there are none. */
const readHead = async (hub: HubConfig, repo: RepoId, signal: AbortSignal): Promise<CommitSha> =>
  (
    await callJson(
      hub,
      { method: 'GET', url: hubUrl(hub, `/api/models/${repo}/revision/main`), authorized: true, signal },
      z.object({ sha: CommitSha }),
    )
  ).value.sha;

/** Looks what has happened since the parent: our commit, somebody else's, or nothing. */
const look = async (hub: HubConfig, order: CommitOrder, options: CommitOptions): Promise<CommitOutcome | 'unmoved'> => {
  const head = await readHead(hub, order.repo, options.signal);
  if (head === order.parent) return 'unmoved';
  const since = await listCommitsSince(hub, order.repo, order.parent, options);
  const wanted = trailerLines(order);
  for (const { id, message } of since) {
    const lines = message.split(/\r?\n/).map((line) => line.trim());
    if (wanted.every((line) => lines.includes(line)) && (await options.treeMatches(id)))
      return { outcome: 'committed', commit: id, settled: 'found' };
  }
  return {
    outcome: 'stale',
    head,
    reason: `somebody committed to ${order.repo} since the plan: its head is ${head}, the plan's ${order.parent}`,
  };
};

/** True when the commit may or may not have been applied. Some servers answer 500 where the Hub answers 412. */
const isUnknown = (error: unknown): boolean =>
  error instanceof SwpError &&
  (error.transient || error.code === 'hub/precondition' || error.code === 'hub/bad-answer' || error.code === 'hub/conflict');

const isMissingBlob = (error: unknown): error is SwpError =>
  error instanceof SwpError && error.code === 'hub/refused' && /LFS pointer/i.test(error.message);

/**
 * Makes one commit on one parent, at most once, whatever happens on the way: a restarted caller, a lost
 * answer, a stranger. What was sent before is looked for before anything is sent; after an unknown outcome
 * the head decides. Never onto another head than the planned one.
 *
 * @throws SwpError `hub/lfs-missing` when the Hub no longer has a blob; permanent refusals as they come
 */
export const commitOnce = async (hub: HubConfig, order: CommitOrder, options: CommitOptions): Promise<CommitOutcome> => {
  for (let round = 0; ; round += 1) {
    const before = await look(hub, order, options);
    if (before !== 'unmoved') return before;
    if (round > 0) {
      // Nothing yet; the one sent before may still be on its way.
      await sleepFor(hub, Math.min(LONGEST_SETTLE_MS, SETTLE_MS * 2 ** (round - 1)), options.signal);
      const later = await look(hub, order, options);
      if (later !== 'unmoved') return later;
    }
    try {
      return { outcome: 'committed', commit: await send(hub, order, options.signal), settled: 'answered' };
    } catch (error) {
      if (isMissingBlob(error)) throw new SwpError('conflict', 'hub/lfs-missing', error.message, { cause: error });
      if (!isUnknown(error) || round + 1 >= (hub.attempts ?? Infinity)) throw error;
      if (error instanceof SwpError && error.retryAfterMs !== undefined) await sleepFor(hub, error.retryAfterMs, options.signal);
    }
  }
};
