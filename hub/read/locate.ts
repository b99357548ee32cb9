import { SwpError } from '../../core/error.js';
import type { CommitSha, RepoId, Sha256 } from '../../core/ids.js';
import { checkAddress } from '../address.js';
import { attempt, escapePath, hubUrl, type CallOptions } from '../call.js';
import type { Hub } from '../hub.js';
import { quoted } from '../errors.js';
import { firstHeader } from '../first-header.js';
import { drain } from '../read-body.js';
import { repoPath } from '../repo-path.js';
import type { Answer } from '../transport.js';

/** A file at a pinned commit, with its size and digest from the Hub. */
export interface PinnedFile {
  readonly repo: RepoId;
  readonly commit: CommitSha;
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly lfs: Sha256 | null;
}

/** The address of a file's bytes, on the Hub itself or on its storage. */
export interface Location {
  readonly url: URL;
  /** Set for a signed address. */
  readonly withoutToken?: true;
}

const isRedirect = (status: number): boolean => status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
const SAME_ORIGIN_HOPS = 5;

const unquote = (etag: string): string => etag.replace(/^W\//, '').replaceAll('"', '');

/** Checks that an LFS file redirects to the planned object, which the Hub names in its headers. */
const checkLinked = (hub: Hub, file: PinnedFile, headers: Readonly<Record<string, string | string[] | undefined>>): void => {
  const differs = (what: string, found: string): never => {
    throw new SwpError(
      'integrity',
      'hub/file-differs',
      `${file.repo} at ${file.commit}: ${file.path} now has ${what} ${quoted(hub, found)}, which is not the one that its commit lists.`,
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
  /** The answer of the Hub itself; null if the Hub redirects to another origin. */
  readonly answer: Answer | null;
}

/** Follows redirects on the Hub's own origin; another origin never receives the token. */
const follow = async (hub: Hub, file: PinnedFile, method: 'GET' | 'HEAD', { signal }: CallOptions): Promise<Followed> => {
  let url = hubUrl(hub, `/${repoPath(file.repo)}/resolve/${file.commit}/${escapePath(file.path)}`);
  for (let hop = 0; hop < SAME_ORIGIN_HOPS; hop += 1) {
    const answer = await attempt(hub, { method, url, signal }, (status) => status === 200 || isRedirect(status));
    const redirected = isRedirect(answer.status);
    if (redirected || method === 'HEAD') drain(answer.body);
    try {
      checkLinked(hub, file, answer.headers);
    } catch (error) {
      answer.body.destroy();
      throw error;
    }
    if (!redirected) return { location: { url }, answer };
    const target = answer.headers.location;
    if (target === undefined || !URL.canParse(target, url.href))
      throw new SwpError('integrity', 'hub/bad-answer', `${file.repo}: ${file.path} redirects without a valid address.`);
    url = new URL(target, url);
    checkAddress(hub, url);
    if (url.origin !== hub.endpoint.origin) return { location: { url, withoutToken: true }, answer: null };
  }
  throw new SwpError('integrity', 'hub/bad-answer', `${file.repo}: ${file.path} redirects too many times.`);
};

/** Requests the address of a file's bytes from the Hub. */
export const locate = async (hub: Hub, file: PinnedFile, options: CallOptions): Promise<Location> =>
  (await follow(hub, file, 'HEAD', options)).location;

/** Requests a whole file. One request is enough if the Hub serves the bytes itself, as for small files outside LFS. */
export const openWhole = async (
  hub: Hub,
  file: PinnedFile,
  options: CallOptions,
): Promise<{ readonly url: URL; readonly answer: Answer }> => {
  const { location, answer } = await follow(hub, file, 'GET', options);
  return { url: location.url, answer: answer ?? (await attempt(hub, { method: 'GET', ...location, signal: options.signal })) };
};
