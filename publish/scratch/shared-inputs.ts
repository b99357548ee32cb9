import { readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { z } from 'zod';
import { listIfThere, makeDirectory, writeAtomic } from '../../core/files.js';
import { Digest } from '../../core/ids.js';
import { KeyedMutex } from '../../core/keyed-mutex.js';
import type { ScratchLayout } from './scratch-layout.js';
import { Trash } from './trash.js';

const Uses = z.strictObject({ digest: Digest, holders: z.array(z.string()) });
type Uses = z.infer<typeof Uses>;

/** Something that several publishes of this host use: a staged source, a whole extraction. */
export interface SharedInput {
  readonly digest: Digest;
  /** Publishes that use it now. */
  readonly holders: readonly string[];
  /** Milliseconds since the epoch when it was last begun to be used, or given back. */
  readonly usedAt: number;
  readonly complete: boolean;
  readonly path: string;
}

/**
 * Inputs that lie outside of publishes, each under its digest. One publish makes what is missing while others wait
 * for it; a crash leaves something half-made that goes by another name, from which the next attempt goes on.
 */
export class SharedInputs {
  /** Held while an input is made, for hours. */
  private readonly making = new KeyedMutex<Digest>();
  /** Held for a moment. */
  private readonly notes = new KeyedMutex<Digest>();

  constructor(
    private readonly layout: ScratchLayout,
    private readonly trash: Trash = new Trash(layout),
    private readonly now: () => number = Date.now,
  ) {}

  /**
   * Where the input lies, complete; made in a directory of its own where it is not there yet.
   *
   * @param make fills the directory that it is given; what an interrupted run left there is still in it
   */
  async use(digest: Digest, holder: string, make: (directory: string) => Promise<void>): Promise<string> {
    await this.notes.run(digest, () => this.addHolder(digest, holder));
    return this.making.run(digest, async () => {
      const path = this.layout.shared(digest);
      if (await isThere(path)) return path;
      const partial = this.layout.partialShared(digest);
      await makeDirectory(partial);
      await make(partial);
      await rename(partial, path);
      return path;
    });
  }

  /** Whether it lies here, complete. */
  has(digest: Digest): Promise<boolean> {
    return isThere(this.layout.shared(digest));
  }

  /** Keeps what is here of an input for a publish that will use it. */
  hold(digest: Digest, holder: string): Promise<void> {
    return this.notes.run(digest, async () => {
      if ((await isThere(this.layout.shared(digest))) || (await isThere(this.layout.partialShared(digest))))
        await this.addHolder(digest, holder);
    });
  }

  /** Discards an input whose bytes are not what they were; the next publish that uses it makes it again. */
  discard(digest: Digest): Promise<void> {
    return this.notes.run(digest, async () => {
      await this.trash.discard(this.layout.shared(digest));
      this.trash.emptyInBackground();
    });
  }

  /** Ends all uses of a publish. Unused inputs stay until they are old or their space is needed. */
  async release(holder: string): Promise<void> {
    for (const { digest, holders } of await this.list())
      if (holders.includes(holder)) await this.notes.run(digest, () => this.note(digest, (all) => all.filter((other) => other !== holder)));
  }

  /** Discards inputs that no publish uses and none has used since a time. */
  async removeUnused(before: number): Promise<SharedInput[]> {
    const removed: SharedInput[] = [];
    for (const input of await this.list()) if (input.usedAt < before && (await this.discardUnused(input.digest))) removed.push(input);
    return removed;
  }

  /** Discards an input, complete or not, unless a publish uses it. */
  discardUnused(digest: Digest): Promise<boolean> {
    return this.notes.run(digest, async () => {
      if ((await this.read(digest)).holders.length > 0) return false;
      for (const path of [this.layout.shared(digest), this.layout.partialShared(digest)]) await this.trash.discard(path);
      await rm(this.layout.sharedUses(digest), { force: true });
      return true;
    });
  }

  async list(): Promise<SharedInput[]> {
    const names = await listIfThere(this.layout.sharedRoot);
    const digests = names.flatMap((name) => {
      const parsed = Digest.safeParse(`sha256:${/^([0-9a-f]{64})\.uses\.json$/.exec(name)?.[1] ?? ''}`);
      return parsed.success ? [parsed.data] : [];
    });
    return Promise.all(
      digests.map(async (digest) => {
        const path = this.layout.shared(digest);
        return { digest, path, complete: await isThere(path), ...(await this.read(digest)) };
      }),
    );
  }

  private addHolder(digest: Digest, holder: string): Promise<void> {
    return this.note(digest, (holders) => [...new Set([...holders, holder])]);
  }

  private async note(digest: Digest, change: (holders: readonly string[]) => readonly string[]): Promise<void> {
    await makeDirectory(this.layout.sharedRoot);
    const path = this.layout.sharedUses(digest);
    const uses: Uses = { digest, holders: [...change((await this.read(digest)).holders)] };
    await writeAtomic(path, `${JSON.stringify(uses)}\n`);
    const at = this.now() / 1000;
    await utimes(path, at, at);
  }

  /** A note that cannot be read names nobody: whoever uses the input notes it again before working. */
  private async read(digest: Digest): Promise<{ readonly holders: readonly string[]; readonly usedAt: number }> {
    const path = this.layout.sharedUses(digest);
    try {
      const { holders } = Uses.parse(JSON.parse(await readFile(path, 'utf8')));
      return { holders, usedAt: (await stat(path)).mtimeMs };
    } catch {
      return { holders: [], usedAt: 0 };
    }
  }
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
