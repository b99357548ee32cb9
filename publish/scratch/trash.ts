import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Mutex } from 'async-mutex';
import { ifThere, listIfThere, makeDirectory } from '../../core/files.js';
import type { ScratchLayout } from './scratch-layout.js';
import { freedBy } from './disk-usage.js';

/**
 * What is to be deleted. To delete hundreds of gigabytes takes minutes, during which no claim could be answered; to
 * rename them takes none, and then nothing finds them any more. What a crash leaves here is deleted after the next start.
 */
export class Trash {
  private readonly mutex = new Mutex();

  constructor(private readonly layout: ScratchLayout) {}

  /** Takes a file or directory out of its place; one that is not there is none. */
  async discard(path: string): Promise<void> {
    await makeDirectory(this.layout.trash);
    await ifThere(rename(path, join(this.layout.trash, randomUUID())));
  }

  /** Deletes what was discarded. */
  empty(signal?: AbortSignal): Promise<void> {
    return this.mutex.runExclusive(async () => {
      for (const name of await listIfThere(this.layout.trash)) {
        signal?.throwIfAborted();
        await rm(join(this.layout.trash, name), { recursive: true, force: true });
      }
    });
  }

  /** As {@link empty}, without waiting. What cannot be deleted is met again by the step that waits for it. */
  emptyInBackground(): void {
    this.empty().catch(() => undefined);
  }

  /** Bytes that will be free when it is empty. */
  bytes(): Promise<number> {
    return freedBy(this.layout.trash);
  }
}
