import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { writeAtomic } from '../../core/files.js';
import { Digest } from '../../core/ids.js';
import type { ScratchLayout } from './layout.js';
import { freeDiskAt } from './room.js';

const Claim = z.strictObject({
  holder: z.string(),
  recipeDigest: Digest,
  diskBytes: z.int().nonnegative(),
  /** Held by larql and the worker while it builds; claims of earlier versions name none. */
  memoryBytes: z.int().nonnegative().default(0),
  /** False for a parked artifact: it keeps its scratch and has given its slot back. */
  slot: z.boolean(),
});
export type Claim = z.infer<typeof Claim>;

export type ClaimAnswer = { readonly granted: true } | { readonly granted: false; readonly reason: string };

/** This host's journal of who builds here: one small file a claim, so that a crash loses none. */
export class Claims {
  private queue: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly layout: ScratchLayout,
    private readonly slots: number,
    private readonly memory: number = totalmem(),
  ) {}

  async list(): Promise<Claim[]> {
    await mkdir(this.layout.claims, { recursive: true, mode: 0o700 });
    const names = (await readdir(this.layout.claims)).filter((name) => name.endsWith('.json'));
    const claims = await Promise.all(names.map((name) => this.read(join(this.layout.claims, name))));
    return claims.filter((claim) => claim !== null);
  }

  /** Reserves a slot and disk for a holder; claiming again is the same claim. Claims are made one at a time. */
  claim(wanted: Omit<Claim, 'slot'>): Promise<ClaimAnswer> {
    return this.inTurn(async () => {
      const others = (await this.list()).filter((claim) => claim.holder !== wanted.holder);
      const taken = others.filter((claim) => claim.slot).length;
      if (taken >= this.slots) return { granted: false, reason: `all ${this.slots} build slots are taken` };
      const reserved = others.reduce((sum, claim) => sum + claim.diskBytes, 0);
      const free = await this.freeDisk();
      if (reserved + wanted.diskBytes > free)
        return { granted: false, reason: `${wanted.diskBytes} bytes of disk are wanted, ${Math.max(0, free - reserved)} are free` };
      // A parked artifact keeps its disk; memory is held by what works alone.
      const held = others.filter((claim) => claim.slot).reduce((sum, claim) => sum + claim.memoryBytes, 0);
      if (held + wanted.memoryBytes > this.memory)
        return { granted: false, reason: `${wanted.memoryBytes} bytes of memory are wanted, ${Math.max(0, this.memory - held)} are left` };
      await writeAtomic(this.layout.claimFile(wanted.holder), `${JSON.stringify({ ...wanted, slot: true })}\n`);
      return { granted: true };
    });
  }

  /** Gives the slot back; the scratch stays reserved for the holder. */
  park(holder: string): Promise<void> {
    return this.inTurn(async () => {
      const claim = await this.read(this.layout.claimFile(holder));
      if (claim !== null) await writeAtomic(this.layout.claimFile(holder), `${JSON.stringify({ ...claim, slot: false })}\n`);
    });
  }

  /** Ends a claim, and deletes what was built under its recipe unless another claim uses it. */
  release(holder: string, recipe: Digest): Promise<void> {
    return this.inTurn(async () => {
      await rm(this.layout.claimFile(holder), { force: true });
      if ((await this.list()).some((claim) => claim.recipeDigest === recipe)) return;
      await rm(this.layout.build(recipe), { recursive: true, force: true });
      await rm(this.layout.partialBuild(recipe), { recursive: true, force: true });
      for (const directory of [this.layout.sealed, this.layout.uploads]) {
        const names = await readdir(directory).catch(() => []);
        const ours = names.filter((name) => name.startsWith(this.layout.sealPrefix(recipe)));
        await Promise.all(ours.map((name) => rm(join(directory, name), { recursive: true, force: true })));
      }
    });
  }

  /** Free bytes of the scratch's file system, for an unprivileged user. */
  async freeDisk(): Promise<number> {
    await mkdir(this.layout.root, { recursive: true, mode: 0o700 });
    return freeDiskAt(this.layout.root);
  }

  private inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.queue.then(task, task);
    this.queue = turn.catch(() => undefined);
    return turn;
  }

  /** A claim that cannot be read reserves nothing: whoever wrote it claims again before working. */
  private async read(path: string): Promise<Claim | null> {
    try {
      return Claim.parse(JSON.parse(await readFile(path, 'utf8')));
    } catch {
      return null;
    }
  }
}
