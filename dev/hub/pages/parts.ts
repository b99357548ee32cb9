import { formatBytes, plural } from '../../../core/text.js';
import type { CommitRecord, TreeEntry } from '../store/commit-record.js';
import type { RepoRecord } from '../store/repo-record.js';
import { html, type Html } from './html.js';

/** Longer files and longer lists are truncated. */
const SHOWN_CHARACTERS = 200_000;
const SHOWN_ROWS = 1000;

export const encodePath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');
export const short = (commit: string): string => commit.slice(0, 12);
export const dateOf = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');

export const link = (address: string, text: string): Html => html`<a href="${address}">${text}</a>`;
export const repoLink = (repo: string): Html => link(`/${repo}`, repo);
export const commitLink = (repo: RepoRecord, { id }: CommitRecord): Html =>
  html`<code>${link(`/${repo.id}/commit/${id}`, short(id))}</code>`;
const fileLink = (repo: RepoRecord, commit: CommitRecord, path: string): Html =>
  link(`/${repo.id}/blob/${commit.id}/${encodePath(path)}`, path);

export const shorten = (text: string): string =>
  text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}\n… and ${text.length - SHOWN_CHARACTERS} more characters`;

export const rows = <T>(items: readonly T[], row: (item: T) => Html): Html =>
  html`<table>
      ${items.slice(0, SHOWN_ROWS).map(
        (item) =>
          html`<tr>
            ${row(item)}
          </tr>`,
      )}
    </table>
    ${items.length > SHOWN_ROWS ? html`<p>and ${items.length - SHOWN_ROWS} more</p>` : ''}`;

export const fileCells = (repo: RepoRecord, commit: CommitRecord, [path, { size, lfs }]: readonly [string, TreeEntry]): Html =>
  html`<td>${fileLink(repo, commit, path)}</td>
    <td>${formatBytes(size)}</td>
    <td class="dim">${lfs === undefined ? '' : html`<code>${lfs}</code>`}</td>`;

export const files = (repo: RepoRecord, commit: CommitRecord, shown: readonly (readonly [string, TreeEntry])[]): Html =>
  html`<h3>${plural(shown.length, 'file')}</h3>
    ${rows(shown, (file) => fileCells(repo, commit, file))}`;

export const commits = (repo: RepoRecord, history: readonly CommitRecord[]): Html =>
  html`<h3>${plural(history.length, 'commit')}</h3>
    ${rows(
      history,
      (commit) =>
        html`<td>${commitLink(repo, commit)}</td>
          <td>${commit.title}</td>
          <td class="dim">${commit.user}, ${dateOf(commit.at)}</td>`,
    )}`;

export const title = (repo: RepoRecord, commit: CommitRecord, isHead: boolean): Html =>
  html`<h1>${repoLink(repo.id)}</h1>
    <p class="dim">
      ${repo.private ? 'private' : 'public'}${repo.gated === false ? '' : ', gated'}, at
      ${commitLink(repo, commit)}${isHead ? ' (main)' : ''}
    </p>`;
