import { join } from 'node:path';
import type { Machine } from '../../../core/machine.js';
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
export const openStore = async (machine: Machine, directory: string): Promise<Store> => {
  const { files, random } = machine;
  const temporary = new TemporaryFiles(machine, join(directory, 'tmp'));
  await files.rm(temporary.directory, { recursive: true, force: true });
  await files.mkdir(temporary.directory, { recursive: true });
  const secretPath = join(directory, 'secret');
  if ((await ifExists(files.readFile(secretPath))) === undefined) await temporary.writeAtomic(secretPath, random.hex(32));
  const objects = new ObjectStore(files, directory, temporary);
  return {
    temporary,
    objects,
    repos: new RepoStore(machine, directory, temporary, objects),
    uploads: new UploadStore(machine, directory, temporary, objects),
    collections: new CollectionStore(machine, directory, temporary),
    secret: await files.readFile(secretPath, 'utf8'),
  };
};
