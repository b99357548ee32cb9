import { mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { Mutex } from 'async-mutex';
import { z } from 'zod';
import { writeAtomic } from '../../core/files.js';
import { Digest } from '../../core/ids.js';
import type { ScratchLayout } from './layout.js';

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
  private readonly turns = new Map<Digest, Mutex>();

  constructor(
    private readonly layout: ScratchLayout,
    private readonly now: () => number = Date.now,
  ) {}

  /**
   * Where the input lies, complete; made in a directory of its own where it is not there yet.
   *
   * @param make fills the directory that it is given; what an interrupted run left there is still in it
   */
  use(digest: Digest, holder: string, make: (directory: string) => Promise<void>): Promise<string> {
    return this.turnOf(digest).runExclusive(async () => {
      const path = this.layout.shared(digest);
      await this.note(digest, (holders) => [...new Set([...holders, holder])]);
      if (await isThere(path)) return path;
      const partial = this.layout.partialShared(digest);
      await mkdir(partial, { recursive: true, mode: 0o700 });
      await make(partial);
      await rename(partial, path);
      return path;
    });
  }

  /** Whether it lies here, complete. */
  has(digest: Digest): Promise<boolean> {
    return isThere(this.layout.shared(digest));
  }

  /** Deletes an input whose bytes are not what they were; whoever uses it next makes it again. */
  discard(digest: Digest): Promise<void> {
    return this.turnOf(digest).runExclusive(() => rm(this.layout.shared(digest), { recursive: true, force: true }));
  }

  /** Ends all uses of a publish. What nobody uses stays until it is old or its room is needed. */
  async release(holder: string): Promise<void> {
    for (const { digest, holders } of await this.list())
      if (holders.includes(holder))
        await this.turnOf(digest).runExclusive(() => this.note(digest, (all) => all.filter((other) => other !== holder)));
  }

  /** Deletes what nobody uses and nobody has used since a time. */
  async removeUnused(before: number): Promise<SharedInput[]> {
    const removed: SharedInput[] = [];
    const oldestFirst = (await this.list()).toSorted((a, b) => a.usedAt - b.usedAt);
    for (const input of oldestFirst)
      await this.turnOf(input.digest).runExclusive(async () => {
        const { holders, usedAt } = await this.read(input.digest);
        if (holders.length > 0 || usedAt >= before) return;
        for (const path of [this.layout.shared(input.digest), this.layout.partialShared(input.digest)])
          await rm(path, { recursive: true, force: true });
        await rm(this.layout.sharedUses(input.digest), { force: true });
        removed.push(input);
      });
    return removed;
  }

  async list(): Promise<SharedInput[]> {
    const names = await readdir(this.layout.sharedRoot).catch(() => []);
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

  private turnOf(digest: Digest): Mutex {
    const turn = this.turns.get(digest) ?? new Mutex();
    this.turns.set(digest, turn);
    return turn;
  }

  private async note(digest: Digest, change: (holders: readonly string[]) => readonly string[]): Promise<void> {
    await mkdir(this.layout.sharedRoot, { recursive: true, mode: 0o700 });
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
