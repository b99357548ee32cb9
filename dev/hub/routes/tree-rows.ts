import { compareBytes } from '../../../core/text.js';
import { treeIds } from '../git/objects.js';
import { pointerText } from '../git/pointer.js';
import { xetHash } from '../git/xet-hash.js';
import { parentDirectories } from '../paths.js';
import type { CommitRecord, TreeEntry } from '../store/commit-record.js';
import { lastCommits } from '../store/history.js';

/** The Hub's status of a file that no scanner has checked yet. */
const UNSCANNED = { status: 'unscanned', avScan: null, pickleImportScan: null } as const;

/** One row of a tree or paths-info response. */
export interface TreeRow {
  readonly type: 'file' | 'directory';
  readonly oid: string;
  readonly size: number;
  readonly path: string;
  readonly lfs?: { readonly oid: string; readonly size: number; readonly pointerSize: number };
  readonly xetHash?: string;
  readonly lastCommit?: { readonly id: string; readonly title: string; readonly date: string };
  readonly securityFileStatus?: typeof UNSCANNED;
}

const fileRow = (path: string, { oid, size, lfs }: TreeEntry, withXet: boolean): TreeRow => ({
  type: 'file',
  oid,
  size,
  path,
  ...(lfs === undefined ? {} : { lfs: { oid: lfs, size, pointerSize: pointerText(lfs, size).length } }),
  ...(lfs === undefined || !withXet ? {} : { xetHash: xetHash(lfs) }),
});

/** Returns every file and directory of a commit, each directory before its contents. `withXet` adds the Xet hashes of LFS files. */
export const listTree = (commit: CommitRecord, { withXet }: { readonly withXet: boolean }): TreeRow[] => {
  const ids = treeIds(new Map([...commit.files].map(([path, entry]) => [path, entry.oid])));
  const directories = new Set([...commit.files.keys()].flatMap(parentDirectories));
  const rows: TreeRow[] = [...directories].map((path) => ({ type: 'directory', oid: ids.get(path) ?? '', size: 0, path }));
  for (const [path, entry] of commit.files) rows.push(fileRow(path, entry, withXet));
  return rows.toSorted((a, b) => compareBytes(a.path, b.path));
};

/** Adds the fields that `expand` requests. `history` starts with the commit of the rows. */
export const expandRows = (rows: readonly TreeRow[], history: readonly CommitRecord[]): TreeRow[] => {
  const changed = lastCommits(history);
  const newest = (path: string): CommitRecord | undefined => {
    const inside = [...changed].filter(([file]) => file === path || file.startsWith(`${path}/`)).map(([, commit]) => commit);
    return history.find((commit) => inside.includes(commit));
  };
  return rows.map((row) => {
    const commit = changed.get(row.path) ?? newest(row.path);
    return {
      ...row,
      ...(commit === undefined ? {} : { lastCommit: { id: commit.id, title: commit.title, date: new Date(commit.at).toISOString() } }),
      ...(row.type === 'file' ? { securityFileStatus: UNSCANNED } : {}),
    };
  });
};
