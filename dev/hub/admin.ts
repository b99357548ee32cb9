import { SwpError } from '../../core/error.js';
import { type CommitSha, RepoId, Sha256 } from '../../core/ids.js';
import type { Files } from '../../core/machine.js';
import { DEFAULT_GITATTRIBUTES } from './git/attributes.js';
import { lfsEntry } from './routes/commit-body.js';
import { lfsRuleOf, usesLfs } from './routes/preupload.js';
import { writeRegularFile } from './routes/regular-files.js';
import type { FaultScript } from './script-faults.js';
import type { TreeOperation } from './store/apply-operations.js';
import { commitChanges } from './store/commit-changes.js';
import type { CommitRecord } from './store/commit-record.js';
import { listHistory } from './store/history.js';
import type { Store } from './store/open-store.js';
import type { Gated, RepoRecord } from './store/repo-record.js';
import { spool } from './store/spool.js';

interface CommitFilesOptions {
  /** Title, followed by an empty line and the body. */
  readonly message: string;
  readonly parent?: string;
  readonly user?: string;
  /** Paths to delete in the same commit. */
  readonly remove?: readonly string[];
}

/** Bytes, or a stream of bytes for content that should not be held in memory. */
type FileContent = Uint8Array | AsyncIterable<Uint8Array>;

interface RepoOptions {
  readonly private?: boolean;
  readonly gated?: Gated;
  readonly downloads?: number;
  readonly likes?: number;
}

/** Operations of tests and the demo on a hub. They need no token, and use the code that also serves requests. */
export interface HubAdmin {
  createRepo(repo: string, options?: RepoOptions): Promise<CommitSha>;
  exists(repo: string): Promise<boolean>;
  /** Stores each file in LFS or as a regular file, as preupload would decide, and commits all of them in one commit. */
  commitFiles(repo: string, files: ReadonlyMap<string, FileContent>, options: CommitFilesOptions): Promise<CommitSha>;
  deleteRepo(repo: string): Promise<void>;
  readFile(repo: string, revision: string, path: string): Promise<Buffer>;
  head(repo: string): Promise<CommitSha>;
  setVisibility(repo: string, visibility: 'public' | 'private'): Promise<void>;
  setGated(repo: string, gated: Gated): Promise<void>;
  /** Removes this LFS object from a repository, or all objects that none of its commits names, as garbage collection does. */
  dropObjects(repo: string, oid?: string): Promise<void>;
  /** Returns the commits, newest first. */
  listCommits(repo: string, revision?: string): Promise<readonly CommitRecord[]>;
  /** Scripted faults, which apply until they are cleared. */
  readonly faults: Pick<FaultScript, 'add' | 'clear' | 'release'>;
}

const absent = (what: string): SwpError => new SwpError('not-found', 'dev/hub-absent', `the local hub has no ${what}`);

export const createAdmin = (files: Files, store: Store, faults: FaultScript): HubAdmin => {
  const { repos, objects } = store;
  const find = async (repo: string): Promise<RepoRecord> => {
    const record = await repos.find(repo);
    if (record === undefined) throw absent(`repository ${repo}`);
    return record;
  };
  const revisionOf = async (record: RepoRecord, revision: string): Promise<CommitRecord> => {
    const commit = await repos.resolve(record, revision);
    if (commit === undefined) throw absent(`revision ${revision} of ${record.id}`);
    return commit;
  };

  const storeFile = async (
    repo: string,
    path: string,
    content: FileContent,
    matches: (path: string) => boolean,
  ): Promise<TreeOperation> => {
    const spooled = await spool(files, content instanceof Uint8Array ? once(content) : content, store.temporary.path());
    if (usesLfs(matches, path, spooled.size)) {
      await objects.adopt(spooled);
      await repos.linkObject(repo, spooled.sha256);
      return { kind: 'put', path, entry: lfsEntry(Sha256.parse(spooled.sha256), spooled.size) };
    }
    const bytes = await files.readFile(spooled.path);
    await files.rm(spooled.path);
    return { kind: 'put', path, entry: await writeRegularFile(objects, path, bytes) };
  };

  return {
    createRepo: async (repo, options = {}) => {
      const id = RepoId.parse(repo);
      const attributes = await writeRegularFile(objects, '.gitattributes', Buffer.from(DEFAULT_GITATTRIBUTES));
      const { created, record } = await repos.create({
        id,
        private: false,
        gated: false,
        ...options,
        title: 'initial commit',
        body: '',
        user: id.split('/')[0] ?? '',
        tree: new Map([['.gitattributes', attributes]]),
      });
      if (!created) throw new SwpError('conflict', 'dev/hub-repo-exists', `the local hub already has ${record.id}`);
      return record.head;
    },
    exists: async (repo) => (await repos.find(repo)) !== undefined,
    commitFiles: async (repo, contents, options) => {
      const record = await find(repo);
      const matches = await lfsRuleOf(objects, await revisionOf(record, 'main'));
      const operations: TreeOperation[] = (options.remove ?? []).map((path) => ({ kind: 'delete', path }));
      for (const [path, content] of contents) operations.push(await storeFile(record.id, path, content, matches));
      const [title = '', ...rest] = options.message.split('\n');
      const outcome = await commitChanges(repos, record.id, {
        title,
        body: rest.join('\n').trim(),
        user: options.user ?? record.id.split('/')[0] ?? '',
        parent: options.parent,
        operations,
      });
      if (outcome.kind !== 'committed') {
        const message = `the local hub refused the commit: ${JSON.stringify(outcome)}`;
        throw new SwpError('conflict', `dev/hub-commit-${outcome.kind}`, message);
      }
      return outcome.commit.id;
    },
    deleteRepo: async (repo) => {
      if (!(await repos.remove(repo))) throw absent(`repository ${repo}`);
    },
    readFile: async (repo, revision, path) => {
      const entry = (await revisionOf(await find(repo), revision)).files.get(path);
      if (entry === undefined) throw absent(`file ${path} in ${repo} at ${revision}`);
      return entry.lfs === undefined ? objects.readBlob(entry.oid) : files.readFile(objects.objectPath(entry.lfs));
    },
    head: async (repo) => (await find(repo)).head,
    setVisibility: async (repo, visibility) => {
      if ((await repos.update(repo, { private: visibility === 'private' })) === undefined) throw absent(`repository ${repo}`);
    },
    setGated: async (repo, gated) => {
      if ((await repos.update(repo, { gated })) === undefined) throw absent(`repository ${repo}`);
    },
    dropObjects: async (repo, oid) => {
      const record = await find(repo);
      const history = await listHistory(repos, record.id, await revisionOf(record, 'main'));
      const committed = new Set<string | undefined>(history.flatMap((commit) => [...commit.files.values()].map(({ lfs }) => lfs)));
      const dropped = oid === undefined ? (await repos.linkedObjects(record.id)).filter((linked) => !committed.has(linked)) : [oid];
      for (const object of dropped) await repos.unlinkObject(record.id, object);
    },
    faults,
    listCommits: async (repo, revision = 'main') => {
      const record = await find(repo);
      return listHistory(repos, record.id, await revisionOf(record, revision));
    },
  };
};

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
