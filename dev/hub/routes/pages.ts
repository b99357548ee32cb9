import { RepoId } from '../../../core/ids.js';
import { formatBytes, plural } from '../../../core/text.js';
import { canReadContent, canSee } from '../auth.js';
import type { RequestContext } from '../http/context.js';
import { Refusal, refuse, type Reply } from '../http/reply.js';
import type { Route } from '../http/router.js';
import { html, type Html } from '../pages/html.js';
import { page } from '../pages/layout.js';
import { renderMarkdown } from '../pages/markdown.js';
import { commitLink, commits, dateOf, encodePath, fileCells, files, link, repoLink, rows, short, shorten, title } from '../pages/parts.js';
import type { TreeEntry } from '../store/commit-record.js';
import { listHistory } from '../store/history.js';
import { readText } from '../store/read-text.js';
import { openCollection, visibleCollections } from './collections.js';
import { openRepo, openRepoContent, openRevision } from './open-repo.js';

/** Explains a refusal to a person with a browser, which sends no token. */
const refusal = ({ reply }: Refusal): Reply => {
  const body =
    reply.status === 401
      ? html`<h1>Private, gated, or not there</h1>
          <p>
            The local hub shows it only to requests with a token that may read it, and a browser sends none. Read it with
            <code>swp</code> or <code>hf</code>, which take <code>HF_TOKEN</code>.
          </p>`
      : html`<h1>${reply.status}</h1>
          <p>${String(reply.headers['X-Error-Message'] ?? 'There is no such page.')}</p>`;
  return page(String(reply.status), body, reply);
};

const noSuchPage = (): Refusal => refuse(404, "Sorry, we can't find the page you are looking for.");

const showPage =
  (show: (context: RequestContext) => Promise<Reply>): Route['handle'] =>
  async (context) => {
    const { owner, name } = context.params;
    try {
      if (name !== undefined && !RepoId.safeParse(`${owner}/${name}`).success) throw noSuchPage();
      return await show(context);
    } catch (error) {
      if (error instanceof Refusal && error.reply.status >= 400) return refusal(error);
      throw error;
    }
  };

const route = (path: string, show: (context: RequestContext) => Promise<Reply>): Route => ({
  operation: 'page',
  method: 'GET',
  path,
  guard: 'token',
  handle: showPage(show),
});

/** Shows a whole repository: card, files and commits. */
const repository = async (context: RequestContext): Promise<Reply> => {
  const { store } = context.hub;
  const repo = await openRepo(context);
  const commit = await openRevision(context, repo);
  const card = shorten(await readText(store.objects, commit, 'README.md'));
  const history = await listHistory(store.repos, repo.id, commit);
  const body = html`${title(repo, commit, commit.id === repo.head)}${renderMarkdown(card)}
    <hr />
    ${files(repo, commit, [...commit.files])}${commits(repo, history)}`;
  return page(repo.id, body);
};

/** Shows the files of a revision, or of one of its directories. */
const tree = async (context: RequestContext): Promise<Reply> => {
  const repo = await openRepo(context);
  const commit = await openRevision(context, repo);
  const directory = (context.params['rest'] ?? '').replace(/\/$/, '');
  const inside = [...commit.files].filter(([path]) => directory === '' || path.startsWith(`${directory}/`));
  if (inside.length === 0 && directory !== '') throw refuse(404, `${directory} does not exist at this revision`, 'EntryNotFound');
  return page(
    `${repo.id} at ${short(commit.id)}`,
    html`${title(repo, commit, commit.id === repo.head)}${directory === '' ? '' : html`<h2>${directory}</h2>`}${files(repo, commit, inside)}`,
  );
};

const history = async (context: RequestContext): Promise<Reply> => {
  const repo = await openRepo(context);
  const commit = await openRevision(context, repo);
  const all = await listHistory(context.hub.store.repos, repo.id, commit);
  return page(`Commits of ${repo.id}`, html`${title(repo, commit, commit.id === repo.head)}${commits(repo, all)}`);
};

/** Shows one commit: its message, and the files that it changed. */
const oneCommit = async (context: RequestContext): Promise<Reply> => {
  const { repos } = context.hub.store;
  const repo = await openRepo(context);
  const commit = await openRevision(context, repo);
  const before = commit.parent === undefined ? undefined : await repos.commit(repo.id, commit.parent);
  const changed = [...commit.files].filter(([path, { oid }]) => before?.files.get(path)?.oid !== oid);
  const deleted = [...(before?.files.keys() ?? [])].filter((path) => !commit.files.has(path));
  const change = ([path, entry]: readonly [string, TreeEntry]): Html =>
    html`<td>${before?.files.has(path) === true ? 'changed' : 'added'}</td>
      ${fileCells(repo, commit, [path, entry])}`;
  return page(
    `${commit.title} (${short(commit.id)})`,
    html`${title(repo, commit, commit.id === repo.head)}
      <h2>${commit.title}</h2>
      ${commit.body === '' ? '' : html`<pre>${commit.body}</pre>`}
      <p class="dim">
        ${commit.user}, ${dateOf(commit.at)}${before === undefined ? '' : html`, after ${commitLink(repo, before)}`};
        ${link(`/${repo.id}/tree/${commit.id}`, 'all files')}
      </p>
      <p><code>${commit.id}</code></p>
      ${rows(changed, change)}${rows(
        deleted,
        (path) =>
          html`<td>deleted</td>
            <td>${path}</td>`,
      )}`,
  );
};

/** Shows one file: its size, and its text or, if it is in LFS, its digest. */
const file = async (context: RequestContext): Promise<Reply> => {
  const repo = await openRepoContent(context);
  const commit = await openRevision(context, repo);
  const path = context.params['rest'] ?? '';
  const entry = commit.files.get(path);
  if (entry === undefined) throw refuse(404, 'Entry not found', 'EntryNotFound');
  const content =
    entry.lfs === undefined
      ? html`<pre>${shorten(await readText(context.hub.store.objects, commit, path))}</pre>`
      : html`<p>sha256 <code>${entry.lfs}</code></p>`;
  const download = link(`/${repo.id}/resolve/${commit.id}/${encodePath(path)}`, 'download');
  return page(
    `${path} of ${repo.id}`,
    html`${title(repo, commit, commit.id === repo.head)}
      <h2>${path}</h2>
      <p>${formatBytes(entry.size)}, ${download}</p>
      ${content}`,
  );
};

const collection = async (context: RequestContext): Promise<Reply> => {
  const found = await openCollection(context, 'read');
  const items = found.items.map(({ id, note }) => html`<li>${repoLink(id)}${note === undefined ? '' : `: ${note}`}</li>`);
  return page(
    found.title,
    html`<h1>${found.title}</h1>
      <p>${found.description}</p>
      <p class="dim">A collection of ${found.owner}</p>
      <ul>
        ${items}
      </ul>`,
  );
};

/** Lists all repositories and collections that the reader may see. */
const index = async (context: RequestContext): Promise<Reply> => {
  const all = await context.hub.store.repos.list();
  const repos = all.filter((repo) => canSee(context.identity, repo));
  const collections = await visibleCollections(context);
  return page(
    'Local hub',
    html`<h1>Local hub</h1>
      <h3>${plural(repos.length, 'repository', 'repositories')}</h3>
      ${rows(
        repos,
        (repo) =>
          html`<td>${repoLink(repo.id)}</td>
            <td class="dim">${canReadContent(context.identity, repo) ? '' : 'gated, '}changed ${dateOf(repo.lastModified)}</td>`,
      )}${
        collections.length === 0
          ? ''
          : html`<h3>${plural(collections.length, 'collection')}</h3>
              <ul>
                ${collections.map(({ slug, title: name }) => html`<li>${link(`/collections/${slug}`, name)}</li>`)}
              </ul>`
      }`,
  );
};

/** An API address never shows a page, even if this hub does not know the address. */
const noApi: Route = {
  operation: 'unknown',
  method: 'GET',
  path: '/api/*',
  guard: 'token',
  handle: () => Promise.reject(noSuchPage()),
};

/** Pages for a person with a browser, at the Hub's addresses. They come last, since their patterns match all remaining addresses. */
export const pageRoutes: readonly Route[] = [
  noApi,
  route('/', index),
  route('/collections/:owner/:slug', collection),
  route('/:owner/:name', repository),
  route('/:owner/:name/tree/:rev/*', tree),
  route('/:owner/:name/commits/:rev', history),
  route('/:owner/:name/commit/:rev', oneCommit),
  route('/:owner/:name/blob/:rev/*', file),
];
