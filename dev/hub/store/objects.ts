import { join } from 'node:path';
import type { Files } from '../../../core/machine.js';
import { blobId } from '../git/objects.js';
import { sizeOf, type TemporaryFiles } from './files.js';
import type { Spooled } from './spool.js';

/** Stores content by digest: LFS objects by SHA-256, git blobs by their id. Does not decide which repository may use which content. */
export class ObjectStore {
  private readonly objects: string;
  private readonly blobs: string;

  constructor(
    private readonly files: Files,
    directory: string,
    private readonly temporary: TemporaryFiles,
  ) {
    this.objects = join(directory, 'objects');
    this.blobs = join(directory, 'blobs');
  }

  objectPath(sha256: string): string {
    return join(this.objects, sha256.slice(0, 2), sha256);
  }

  blobPath(oid: string): string {
    return join(this.blobs, oid.slice(0, 2), oid);
  }

  /** Moves a spooled file to the path of its digest. The digest was computed from its bytes, so stored content always matches. */
  async adopt(spooled: Spooled): Promise<void> {
    const path = this.objectPath(spooled.sha256);
    await this.files.mkdir(join(path, '..'), { recursive: true });
    await this.files.rename(spooled.path, path);
  }

  async objectSize(sha256: string): Promise<number | undefined> {
    return sizeOf(this.files, this.objectPath(sha256));
  }

  /** Stores a regular file; returns its git blob id. */
  async writeBlob(bytes: Uint8Array): Promise<string> {
    const oid = blobId(bytes);
    const path = this.blobPath(oid);
    await this.files.mkdir(join(path, '..'), { recursive: true });
    await this.temporary.writeAtomic(path, bytes);
    return oid;
  }

  async readBlob(oid: string): Promise<Buffer> {
    return this.files.readFile(this.blobPath(oid));
  }
}
