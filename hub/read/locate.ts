import type { IncomingMessage } from 'node:http';
import { SwpError } from '../../core/error.js';
import type { CommitSha, RepoId, Sha256 } from '../../core/ids.js';
import { checkAddress } from '../address.js';
import { attempt, escapePath, hubUrl, type CallOptions } from '../call.js';
import type { HubConfig } from '../config.js';
import { quoted } from '../errors.js';
import { firstHeader } from '../first-header.js';
import { repoPath } from '../repo-path.js';

/** A file at a pinned commit, with what the Hub has told of it. */
export interface PinnedFile {
  readonly repo: RepoId;
  readonly commit: CommitSha;
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly lfs: Sha256 | null;
}

/** Where the bytes are: at the Hub itself, or at a signed address that must not see the token. */
export interface Location {
  readonly url: URL;
  readonly authorized: boolean;
}

const isRedirect = (status: number): boolean => status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
const SAME_ORIGIN_HOPS = 5;

const unquote = (etag: string): string => etag.replace(/^W\//, '').replaceAll('"', '');

/** The Hub says of an LFS file which object it redirects to; it must be the one that was planned. */
const checkLinked = (hub: HubConfig, file: PinnedFile, headers: Readonly<Record<string, string | string[] | undefined>>): void => {
  const differs = (what: string, found: string): never => {
    throw new SwpError(
      'integrity',
      'hub/file-differs',
      `${file.repo} at ${file.commit}: ${file.path} has ${what} ${quoted(hub, found)} now, not what its commit lists.`,
    );
  };
  const size = firstHeader(headers['x-linked-size']);
  const etag = firstHeader(headers['x-linked-etag']);
  const commit = firstHeader(headers['x-repo-commit']);
  if (commit !== undefined && commit !== file.commit) differs('commit', commit);
  if (file.lfs === null) return;
  if (size !== undefined && Number(size) !== file.size) differs('size', size);
  if (etag !== undefined && unquote(etag) !== file.lfs) differs('digest', unquote(etag));
};

interface Followed {
  readonly location: Location;
  /** What the Hub itself answered; null where it sends elsewhere. */
  readonly answer: IncomingMessage | null;
}

/** Redirects on the Hub's own origin are followed; another origin never sees the token. */
const follow = async (hub: HubConfig, file: PinnedFile, method: 'GET' | 'HEAD', { signal }: CallOptions): Promise<Followed> => {
  let url = hubUrl(hub, `/${repoPath(file.repo)}/resolve/${file.commit}/${escapePath(file.path)}`);
  for (let hop = 0; hop < SAME_ORIGIN_HOPS; hop += 1) {
    const answer = await attempt(hub, { method, url, authorized: true, signal }, (status) => status === 200 || isRedirect(status));
    const redirected = isRedirect(answer.statusCode ?? 0);
    if (redirected || method === 'HEAD') answer.resume();
    try {
      checkLinked(hub, file, answer.headers);
    } catch (error) {
      answer.destroy();
      throw error;
    }
    if (!redirected) return { location: { url, authorized: true }, answer };
    const target = answer.headers.location;
    if (target === undefined || !URL.canParse(target, url.href))
      throw new SwpError('integrity', 'hub/bad-answer', `${file.repo}: ${file.path} redirects to nowhere.`);
    url = new URL(target, url);
    checkAddress(hub, url);
    if (url.origin !== hub.endpoint.origin) return { location: { url, authorized: false }, answer: null };
  }
  throw new SwpError('integrity', 'hub/bad-answer', `${file.repo}: ${file.path} redirects without end.`);
};

/** Asks the Hub where the bytes of a file are. */
export const locate = async (hub: HubConfig, file: PinnedFile, options: CallOptions): Promise<Location> =>
  (await follow(hub, file, 'HEAD', options)).location;

/** Asks for a whole file: one request where the Hub has its bytes itself, as it has those of small files outside LFS. */
export const openWhole = async (
  hub: HubConfig,
  file: PinnedFile,
  options: CallOptions,
): Promise<{ readonly url: URL; readonly answer: IncomingMessage }> => {
  const { location, answer } = await follow(hub, file, 'GET', options);
  return { url: location.url, answer: answer ?? (await attempt(hub, { method: 'GET', ...location, signal: options.signal })) };
};
