import { z } from 'zod';
import { listOrEmpty, makeDirectory, writeAtomic } from '../../core/files.js';
import { Digest } from '../../core/ids.js';
import { KeyedMutex } from '../../core/keyed-mutex.js';
import type { Machine } from '../../core/machine.js';
import type { ScratchLayout } from './scratch-layout.js';
import { Trash } from './trash.js';

const Uses = z.strictObject({ digest: Digest, holders: z.array(z.string()) });
type Uses = z.infer<typeof Uses>;

/** An input that several publishes of this host use: a staged source or a full extraction. */
export interface SharedInput {
  readonly digest: Digest;
  /** Workflow ids of the publishes that use it now. */
  readonly holders: readonly string[];
  /** Time of the last begin or end of a use, in milliseconds since the epoch. */
  readonly usedAt: number;
  readonly complete: boolean;
  readonly path: string;
}

/**
 * Inputs that several publishes share, stored by digest. One publish makes a missing input while others wait for it. A
 * crash leaves a partial input under another name, and the next attempt resumes from it.
 */
export class SharedInputs {
  /** Serialises the builds of one recipe in this process: the second one waits, then reuses the result of the first. */
  readonly builds = new KeyedMutex<Digest>();
  /** Held while an input is made, possibly for hours. */
  private readonly makeMutex = new KeyedMutex<Digest>();
  /** Held briefly, to read and write the uses of an input. */
  private readonly usesMutex = new KeyedMutex<Digest>();

  constructor(
    private readonly machine: Machine,
    private readonly layout: ScratchLayout,
    private readonly trash: Trash = new Trash(machine, layout),
  ) {}

  /**
   * Records a use of the input and returns the path of its complete directory. Makes a missing input in its partial
   * directory.
   *
   * @param make fills the given directory, which may still hold files of an interrupted run
   */
  async use(digest: Digest, holder: string, make: (directory: string) => Promise<void>): Promise<string> {
    await this.usesMutex.run(digest, () => this.addHolder(digest, holder));
    return this.makeMutex.run(digest, async () => {
      const path = this.layout.shared(digest);
      if (await this.isThere(path)) return path;
      const partial = this.layout.partialShared(digest);
      await makeDirectory(this.machine.files, partial);
      await make(partial);
      await this.machine.files.rename(partial, path);
      return path;
    });
  }

  /** Returns true if this host has the complete input. */
  has(digest: Digest): Promise<boolean> {
    return this.isThere(this.layout.shared(digest));
  }

  /** Records a future use of an input if this host has its files, complete or partial, so that they are kept. */
  hold(digest: Digest, holder: string): Promise<void> {
    return this.usesMutex.run(digest, async () => {
      if ((await this.isThere(this.layout.shared(digest))) || (await this.isThere(this.layout.partialShared(digest))))
        await this.addHolder(digest, holder);
    });
  }

  /** Discards an input whose bytes have changed. The next publish that uses it makes it again. */
  discard(digest: Digest): Promise<void> {
    return this.usesMutex.run(digest, async () => {
      await this.trash.discard(this.layout.shared(digest));
      this.trash.emptyInBackground();
    });
  }

  /** Ends all uses by a publish. Unused inputs stay until they are old or their space is needed. */
  async free(holder: string): Promise<void> {
    for (const { digest, holders } of await this.list())
      if (holders.includes(holder))
        await this.usesMutex.run(digest, () => this.updateUses(digest, (all) => all.filter((other) => other !== holder)));
  }

  /** Discards inputs that no publish uses now or has used since `before` (milliseconds since the epoch). */
  async removeUnused(before: number): Promise<SharedInput[]> {
    const removed: SharedInput[] = [];
    for (const input of await this.list()) if (input.usedAt < before && (await this.discardUnused(input.digest))) removed.push(input);
    return removed;
  }

  /** Discards an input, complete or partial, unless a publish uses it. Returns true if it was discarded. */
  discardUnused(digest: Digest): Promise<boolean> {
    return this.usesMutex.run(digest, async () => {
      if ((await this.read(digest)).holders.length > 0) return false;
      for (const path of [this.layout.shared(digest), this.layout.partialShared(digest)]) await this.trash.discard(path);
      await this.machine.files.rm(this.layout.sharedUses(digest), { force: true });
      return true;
    });
  }

  async list(): Promise<SharedInput[]> {
    const names = await listOrEmpty(this.machine.files, this.layout.sharedRoot);
    const digests = names.flatMap((name) => {
      const parsed = Digest.safeParse(`sha256:${/^([0-9a-f]{64})\.uses\.json$/.exec(name)?.[1] ?? ''}`);
      return parsed.success ? [parsed.data] : [];
    });
    return Promise.all(
      digests.map(async (digest) => {
        const path = this.layout.shared(digest);
        return { digest, path, complete: await this.isThere(path), ...(await this.read(digest)) };
      }),
    );
  }

  private addHolder(digest: Digest, holder: string): Promise<void> {
    return this.updateUses(digest, (holders) => [...new Set([...holders, holder])]);
  }

  private async updateUses(digest: Digest, change: (holders: readonly string[]) => readonly string[]): Promise<void> {
    await makeDirectory(this.machine.files, this.layout.sharedRoot);
    const path = this.layout.sharedUses(digest);
    const uses: Uses = { digest, holders: [...change((await this.read(digest)).holders)] };
    await writeAtomic(this.machine, path, `${JSON.stringify(uses)}\n`);
    const at = this.machine.clock.now() / 1000;
    await this.machine.files.utimes(path, at, at);
  }

  /** Reads the uses of an input. An unreadable file counts as no use: each publish records its use again before it works. */
  private async read(digest: Digest): Promise<{ readonly holders: readonly string[]; readonly usedAt: number }> {
    const path = this.layout.sharedUses(digest);
    try {
      const { holders } = Uses.parse(JSON.parse(await this.machine.files.readFile(path, 'utf8')));
      return { holders, usedAt: (await this.machine.files.stat(path)).mtimeMs };
    } catch {
      return { holders: [], usedAt: 0 };
    }
  }

  private isThere(path: string): Promise<boolean> {
    return this.machine.files.stat(path).then(
      (found) => found.isDirectory(),
      () => false,
    );
  }
}
