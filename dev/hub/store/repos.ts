import { join } from 'node:path';
import { CommitSha, RepoId, repoKey } from '../../../core/ids.js';
import { KeyedMutex } from '../../../core/keyed-mutex.js';
import type { Machine } from '../../../core/machine.js';
import { compareBytes } from '../../../core/text.js';
import { ifExists, readJsonFile, sizeOf, type TemporaryFiles } from './files.js';
import type { ObjectStore } from './objects.js';
import { type CommitRecord, CommitRecord as CommitSchema, serializeCommit, type Tree } from './commit-record.js';
import { commitId, treeIds } from '../git/objects.js';
import { type Gated, RepoRecord } from './repo-record.js';

export interface NewCommit {
  readonly title: string;
  readonly body: string;
  readonly user: string;
}

interface NewRepo extends NewCommit {
  readonly id: RepoId;
  readonly private: boolean;
  readonly gated: Gated;
  readonly downloads?: number;
  readonly likes?: number;
  readonly tree: Tree;
}

/** Stores repositories: a record, immutable commits, and the LFS objects that each repository holds. Names are case-insensitive. */
export class RepoStore {
  private readonly mutex = new KeyedMutex();

  constructor(
    private readonly machine: Machine,
    private readonly directory: string,
    private readonly temporary: TemporaryFiles,
    private readonly objects: ObjectStore,
  ) {}

  async find(id: string): Promise<RepoRecord | undefined> {
    if (!RepoId.safeParse(id).success) return undefined;
    return readJsonFile(this.machine.files, join(this.folder(id), 'repo.json'), RepoRecord);
  }

  /** Returns all repositories, sorted by name. */
  async list(): Promise<RepoRecord[]> {
    const { files } = this.machine;
    const root = join(this.directory, 'repos');
    const owners = (await ifExists(files.readdir(root))) ?? [];
    const folders = await Promise.all(
      owners.map(async (owner) => (await files.readdir(join(root, owner))).map((name) => join(root, owner, name))),
    );
    const records = await Promise.all(folders.flat().map((folder) => readJsonFile(files, join(folder, 'repo.json'), RepoRecord)));
    return records.filter((record) => record !== undefined).toSorted((a, b) => compareBytes(a.id, b.id));
  }

  /** Creates a repository, or returns the existing one with that name. */
  async create(repo: NewRepo): Promise<{ readonly created: boolean; readonly record: RepoRecord }> {
    return this.exclusively(repo.id, async () => {
      const { files, random } = this.machine;
      const existing = await this.find(repo.id);
      if (existing !== undefined) return { created: false, record: existing };
      const at = this.machine.clock.now();
      const commit = this.makeCommit(repo, repo.tree, undefined, at);
      const record: RepoRecord = {
        objectId: random.hex(12),
        id: repo.id,
        private: repo.private,
        gated: repo.gated,
        downloads: repo.downloads ?? 0,
        likes: repo.likes ?? 0,
        createdAt: at,
        lastModified: at,
        head: commit.id,
      };
      const draft = this.temporary.path();
      await files.mkdir(join(draft, 'commits'), { recursive: true });
      await files.mkdir(join(draft, 'lfs'));
      await files.writeFile(join(draft, 'commits', `${commit.id}.json`), serializeCommit(commit));
      await files.writeFile(join(draft, 'repo.json'), JSON.stringify(record));
      await files.mkdir(join(this.folder(repo.id), '..'), { recursive: true });
      await files.rename(draft, this.folder(repo.id));
      return { created: true, record };
    });
  }

  async remove(id: string): Promise<boolean> {
    return this.exclusively(id, async () => {
      if ((await this.find(id)) === undefined) return false;
      await this.temporary.removeTree(this.folder(id));
      return true;
    });
  }

  /** Changes visibility or gating; returns undefined if the repository does not exist. */
  async update(id: string, change: Partial<Pick<RepoRecord, 'private' | 'gated'>>): Promise<RepoRecord | undefined> {
    return this.exclusively(id, async () => {
      const record = await this.find(id);
      if (record === undefined) return undefined;
      const updated = { ...record, ...change };
      await this.writeRecord(updated);
      return updated;
    });
  }

  /** Serialises work that reads and then writes one repository. Not reentrant. */
  async exclusively<T>(id: string, work: () => Promise<T>): Promise<T> {
    return this.mutex.run(repoKey(id), work);
  }

  /** Writes a commit and moves the head to it. The commit becomes visible when the record is renamed into place. */
  async advance(record: RepoRecord, commit: NewCommit, tree: Tree): Promise<CommitRecord> {
    const next = this.makeCommit(commit, tree, record.head, this.machine.clock.now());
    await this.temporary.writeAtomic(this.commitPath(record.id, next.id), serializeCommit(next));
    await this.writeRecord({ ...record, head: next.id, lastModified: next.at });
    return next;
  }

  async commit(id: string, sha: string): Promise<CommitRecord | undefined> {
    return CommitSha.safeParse(sha).success ? readJsonFile(this.machine.files, this.commitPath(id, sha), CommitSchema) : undefined;
  }

  /** Returns the commit of a revision: `main`, `HEAD` or a full SHA of this repository. */
  async resolve(record: RepoRecord, revision: string): Promise<CommitRecord | undefined> {
    const onMain = ['main', 'HEAD', 'refs/heads/main'].includes(revision);
    return this.commit(record.id, onMain ? record.head : revision);
  }

  /** Records that a repository holds an LFS object. The Hub records this per repository, so a deleted repository loses it. */
  async linkObject(id: string, sha256: string): Promise<void> {
    await this.machine.files.writeFile(join(this.folder(id), 'lfs', sha256), '');
  }

  /** Reverts {@link linkObject}. */
  async unlinkObject(id: string, sha256: string): Promise<void> {
    await this.machine.files.rm(join(this.folder(id), 'lfs', sha256), { force: true });
  }

  async linkedObjects(id: string): Promise<string[]> {
    return this.machine.files.readdir(join(this.folder(id), 'lfs'));
  }

  /** Returns the size of an LFS object, or undefined if this repository does not hold it. */
  async objectSize(id: string, sha256: string): Promise<number | undefined> {
    const linked = (await sizeOf(this.machine.files, join(this.folder(id), 'lfs', sha256))) !== undefined;
    return linked ? this.objects.objectSize(sha256) : undefined;
  }

  private makeCommit(commit: NewCommit, tree: Tree, parent: CommitSha | undefined, at: number): CommitRecord {
    const root = treeIds(new Map([...tree].map(([path, entry]) => [path, entry.oid]))).get('') ?? '';
    const { title, body, user } = commit;
    const id = CommitSha.parse(commitId({ tree: root, parent, user, at, title, body }));
    return { id, parent, title, body, user, at, files: tree };
  }

  private async writeRecord(record: RepoRecord): Promise<void> {
    await this.temporary.writeAtomic(join(this.folder(record.id), 'repo.json'), JSON.stringify(record));
  }

  private commitPath(id: string, sha: string): string {
    return join(this.folder(id), 'commits', `${sha}.json`);
  }

  private folder(id: string): string {
    return join(this.directory, 'repos', ...repoKey(id).split('/'));
  }
}
