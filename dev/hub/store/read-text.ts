import type { CommitRecord } from './commit-record.js';
import type { ObjectStore } from './objects.js';

/** Returns the text of a regular file; empty if the file does not exist or is in LFS. */
export const readText = async (objects: ObjectStore, commit: CommitRecord, path: string): Promise<string> => {
  const entry = commit.files.get(path);
  return entry === undefined || entry.lfs !== undefined ? '' : (await objects.readBlob(entry.oid)).toString('utf8');
};
