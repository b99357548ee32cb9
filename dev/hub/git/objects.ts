import { createHash } from 'node:crypto';
import { compareBytes } from '../../../core/text.js';

const objectId = (type: 'blob' | 'tree' | 'commit', body: Buffer): string =>
  createHash('sha1').update(`${type} ${body.length}\0`).update(body).digest('hex');

/** Returns the id that git gives to a file's bytes: SHA-1 over `blob <size>\0<bytes>`. */
export const blobId = (bytes: Uint8Array): string => objectId('blob', Buffer.from(bytes));

/** Returns the id of every directory of a tree, by path; `''` is the root. Takes file path → blob id. */
export const treeIds = (files: ReadonlyMap<string, string>): Map<string, string> => {
  const ids = new Map<string, string>();
  const children = new Map<string, Map<string, string | undefined>>([['', new Map()]]);
  for (const [path, oid] of files) {
    const names = path.split('/');
    names.forEach((name, depth) => {
      const parent = names.slice(0, depth).join('/');
      const entries = children.get(parent) ?? new Map<string, string | undefined>();
      children.set(parent, entries.set(name, depth === names.length - 1 ? oid : undefined));
    });
  }
  const write = (directory: string): string => {
    const rows = [...(children.get(directory) ?? [])].map(([name, oid]) => ({ name, oid, order: oid === undefined ? `${name}/` : name }));
    // git sorts a directory as if its name ended in a slash.
    rows.sort((a, b) => compareBytes(a.order, b.order));
    const body = rows.map(({ name, oid }) => {
      const id = oid ?? write(directory === '' ? name : `${directory}/${name}`);
      return Buffer.concat([Buffer.from(`${oid === undefined ? '40000' : '100644'} ${name}\0`), Buffer.from(id, 'hex')]);
    });
    const id = objectId('tree', Buffer.concat(body));
    ids.set(directory, id);
    return id;
  };
  write('');
  return ids;
};

interface CommitText {
  readonly tree: string;
  readonly parent: string | undefined;
  readonly user: string;
  /** Milliseconds since the epoch; git keeps whole seconds. */
  readonly at: number;
  readonly title: string;
  readonly body: string;
}

/** Returns the id of a git commit object with the Hub's author line. */
export const commitId = (commit: CommitText): string => {
  const author = `${commit.user} <${commit.user}@users.noreply.huggingface.co> ${Math.floor(commit.at / 1000)} +0000`;
  const parents = commit.parent === undefined ? [] : [`parent ${commit.parent}`];
  const head = [`tree ${commit.tree}`, ...parents, `author ${author}`, `committer ${author}`];
  const message = commit.body === '' ? commit.title : `${commit.title}\n\n${commit.body}`;
  return objectId('commit', Buffer.from(`${head.join('\n')}\n\n${message}`));
};
