import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CollectionStore } from './collections.js';
import { ifExists, TemporaryFiles } from './files.js';
import { ObjectStore } from './objects.js';
import { RepoStore } from './repos.js';
import { UploadStore } from './uploads.js';

export interface Store {
  readonly temporary: TemporaryFiles;
  readonly objects: ObjectStore;
  readonly repos: RepoStore;
  readonly uploads: UploadStore;
  readonly collections: CollectionStore;
  /** Key for signing addresses. It is stored, so that addresses from before a restart stay valid. */
  readonly secret: string;
}

/** Opens the hub's directory; creates it if it does not exist. Removes incomplete files of an earlier process. */
export const openStore = async (directory: string, now: () => number): Promise<Store> => {
  const temporary = new TemporaryFiles(join(directory, 'tmp'));
  await rm(temporary.directory, { recursive: true, force: true });
  await mkdir(temporary.directory, { recursive: true });
  const secretPath = join(directory, 'secret');
  if ((await ifExists(readFile(secretPath))) === undefined) await temporary.writeAtomic(secretPath, randomBytes(32).toString('hex'));
  const objects = new ObjectStore(directory, temporary);
  return {
    temporary,
    objects,
    repos: new RepoStore(directory, temporary, objects, now),
    uploads: new UploadStore(directory, temporary, objects),
    collections: new CollectionStore(directory, temporary, now),
    secret: await readFile(secretPath, 'utf8'),
  };
};
