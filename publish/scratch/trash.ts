import { join } from 'node:path';
import { Mutex } from 'async-mutex';
import { nullIfMissing, listOrEmpty, makeDirectory } from '../../core/files.js';
import type { Machine } from '../../core/machine.js';
import type { ScratchLayout } from './scratch-layout.js';
import { freedBy } from './disk-usage.js';

/**
 * Holds files to delete. Deleting hundreds of gigabytes takes minutes, in which no claim could be answered. Renaming
 * them into the trash is immediate, and nothing finds them afterwards. Files that a crash leaves here are deleted after
 * the next start.
 */
export class Trash {
  private readonly mutex = new Mutex();

  constructor(
    private readonly machine: Machine,
    private readonly layout: ScratchLayout,
  ) {}

  /** Moves a file or directory into the trash. Ignores a missing one. */
  async discard(path: string): Promise<void> {
    const { files, random } = this.machine;
    await makeDirectory(files, this.layout.trash);
    await nullIfMissing(files.rename(path, join(this.layout.trash, random.hex(16))));
  }

  /** Deletes everything in the trash. */
  empty(signal?: AbortSignal): Promise<void> {
    const { files } = this.machine;
    return this.mutex.runExclusive(async () => {
      for (const name of await listOrEmpty(files, this.layout.trash)) {
        signal?.throwIfAborted();
        await files.rm(join(this.layout.trash, name), { recursive: true, force: true });
      }
    });
  }

  /** Starts {@link empty} without waiting. Ignores failures: a step that waits for the deletion gets the error again. */
  emptyInBackground(): void {
    this.empty().catch(() => undefined);
  }

  /** Returns the bytes that emptying the trash frees. */
  bytes(): Promise<number> {
    return freedBy(this.machine.files, this.layout.trash);
  }
}
