import { z } from 'zod';
import { listToFirstFault } from '../../core/faults.js';
import { SwpError } from '../../core/error.js';
import { CommitSha, type RepoId } from '../../core/ids.js';
import { callJson, hubUrl, type CallOptions } from '../call.js';
import type { Hub } from '../hub.js';
import { readPages } from './paging.js';
import { repoPath } from '../repo-path.js';

/** At most 200 pages of 100 commits. */
const LIMITS = { pages: 200, items: 20_000 };

export interface CommitFacts {
  readonly id: CommitSha;
  readonly title: string;
  /** Title and body. */
  readonly message: string;
  /** The Hub accounts of its authors; empty if the Hub names none. */
  readonly accounts: readonly string[];
}

const Row = z.object({
  id: CommitSha,
  title: z.string(),
  message: z.string().catch(''),
  authors: z.array(z.object({ user: z.string().max(200).catch('') })).catch([]),
});

const factsOf = ({ id, title, message, authors }: z.infer<typeof Row>): CommitFacts => ({
  id,
  title,
  message: `${title}\n\n${message}`,
  accounts: authors.flatMap(({ user }) => (user === '' ? [] : [user])),
});

/** Lists commits from `head` back to the first `wanted` one, newest first; lists all commits if none is wanted. */
export const listCommitsUntil = async (
  hub: Hub,
  repo: RepoId,
  head: CommitSha,
  wanted: (commit: CommitFacts) => boolean,
  options: CallOptions,
): Promise<CommitFacts[]> => {
  const url = hubUrl(hub, `/api/models/${repoPath(repo)}/commits/${head}?limit=100`);
  const rows = await readPages(hub, url, Row.transform(factsOf), LIMITS, options, (items) => items.some(wanted));
  const found = rows.findIndex(wanted);
  return found === -1 ? rows : rows.slice(0, found + 1);
};

/** Lists commits of `main`, newest first, down to `head` exclusive; lists all commits if `head` is null. */
export const listCommitsSince = async (hub: Hub, repo: RepoId, head: CommitSha | null, options: CallOptions): Promise<CommitFacts[]> => {
  const rows = await readPages(hub, hubUrl(hub, `/api/models/${repoPath(repo)}/commits/main?limit=100`), Row, LIMITS, options, (items) =>
    items.some(({ id }) => id === head),
  );
  const until = rows.findIndex(({ id }) => id === head);
  return (until === -1 ? rows : rows.slice(0, until)).map(factsOf);
};

export interface Trailers {
  readonly plan?: string;
  readonly manifest?: string;
}

const trailer = (message: string, name: string): string | undefined =>
  new RegExp(`^${name}: (sha256:[0-9a-f]{64})\\s*$`, 'm').exec(message)?.[1];

/** Reads the trailers of SWP from a commit's message. */
export const readTrailers = (message: string): Trailers => {
  const plan = trailer(message, 'SWP-Plan');
  const manifest = trailer(message, 'SWP-Manifest');
  return { ...(plan === undefined ? {} : { plan }), ...(manifest === undefined ? {} : { manifest }) };
};

const Dated = z.object({ id: CommitSha, date: z.iso.datetime({ offset: true }).transform((text) => new Date(text)) });

/** Returns the date of a commit, as the Hub lists it. */
export const readCommitDate = async (hub: Hub, repo: RepoId, commit: CommitSha, options: CallOptions): Promise<Date> => {
  const url = hubUrl(hub, `/api/models/${repoPath(repo)}/commits/${commit}?limit=1`);
  const { value } = await callJson(hub, { method: 'GET', url, signal: options.signal }, listToFirstFault(Dated));
  const found = value.find(({ id }) => id === commit);
  if (found === undefined) throw new SwpError('integrity', 'hub/bad-answer', `The Hub does not list commit ${commit} of ${repo}.`);
  return found.date;
};
