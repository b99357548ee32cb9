import { join } from 'node:path';
import { Mutex } from 'async-mutex';
import { z } from 'zod';
import { listOrEmpty, makeDirectory, writeAtomic } from '../../core/files.js';
import { Digest } from '../../core/ids.js';
import type { Machine, Files } from '../../core/machine.js';
import { formatBytes } from '../../core/text.js';
import type { ScratchLayout } from './scratch-layout.js';
import { freeDiskAt } from './capacity.js';
import type { SharedInput, SharedInputs } from './shared-inputs.js';
import { freedBy, sizeOf } from './disk-usage.js';
import type { Trash } from './trash.js';

const Claim = z.strictObject({
  holder: z.string(),
  recipeDigest: Digest,
  /** Disk that the whole build needs if none of its files exist yet. */
  diskBytes: z.int().nonnegative(),
  /** Memory of larql and the worker during the build. */
  memoryBytes: z.int().nonnegative(),
  /** False for a paused artifact: it has freed its slot and keeps its scratch. */
  slot: z.boolean(),
});
export type Claim = z.infer<typeof Claim>;

export interface ClaimWanted extends Omit<Claim, 'slot'> {
  /** Shared inputs that its build will use, if they are known before the build. */
  readonly inputs?: readonly Digest[];
}

export type ClaimAnswer = { readonly granted: true } | { readonly granted: false; readonly reason: string };

export interface ClaimsParts {
  readonly machine: Machine;
  readonly layout: ScratchLayout;
  readonly trash: Trash;
  readonly shared: SharedInputs;
  /** Artifacts that this host builds concurrently. */
  readonly slots: number;
}

const refused = (reason: string): ClaimAnswer => ({ granted: false, reason });

/** Returns a stamp that differs between a claim and the same holder's next one, since each claim is a new file. */
const stampOf = async (files: Files, path: string): Promise<string | null> => {
  const stats = await files.stat(path, { bigint: true }).catch(() => null);
  return stats === null ? null : `${stats.ino} ${stats.mtimeNs}`;
};

/** This host's journal of claims for builds: one small file for each claim, so that a crash loses none. */
export class Claims {
  private readonly mutex = new Mutex();

  constructor(private readonly parts: ClaimsParts) {}

  async list(): Promise<Claim[]> {
    const read = await Promise.all((await this.files()).map((path) => this.read(path)));
    return read.filter((claim) => claim !== null);
  }

  /** Frees the claims whose holders are not open. A claim that is made again during the query stays. */
  async freeEnded(isOpen: (holder: string) => Promise<boolean>): Promise<void> {
    for (const path of await this.files()) {
      const stamp = await stampOf(this.parts.machine.files, path);
      const claim = await this.read(path);
      if (claim === null || (await isOpen(claim.holder))) continue;
      await this.mutex.runExclusive(async () => {
        if ((await stampOf(this.parts.machine.files, path)) === stamp) await this.end(claim.holder, claim.recipeDigest);
      });
    }
  }

  /**
   * Reserves a slot, memory and disk for a holder. A repeated claim replaces the holder's earlier one. Unused inputs
   * are evicted if the claim needs their space: they are discarded now and deleted later, so that the claim does not
   * wait for the deletion.
   */
  claim(wanted: ClaimWanted): Promise<ClaimAnswer> {
    return this.mutex.runExclusive(async () => {
      const { machine, slots, layout, shared } = this.parts;
      const others = (await this.list()).filter((claim) => claim.holder !== wanted.holder);
      // A paused artifact keeps its disk. Only working ones hold a slot and memory.
      const working = others.filter((claim) => claim.slot);
      if (working.length >= slots) return refused(`all ${slots} build slots are taken`);
      const free = machine.memoryBytes - working.reduce((sum, claim) => sum + claim.memoryBytes, 0);
      if (wanted.memoryBytes > free)
        return refused(`it needs ${formatBytes(wanted.memoryBytes)} of memory, and ${formatBytes(Math.max(0, free))} are left`);
      const disk = await this.reserveDisk(wanted, others);
      if (!disk.granted) return disk;
      const { inputs = [], ...claim } = wanted;
      for (const input of inputs) await shared.hold(input, wanted.holder);
      await makeDirectory(machine.files, layout.claims);
      await writeAtomic(machine, layout.claimFile(wanted.holder), `${JSON.stringify({ ...claim, slot: true })}\n`);
      return { granted: true };
    });
  }

  /** Frees the slot; the scratch stays reserved for the holder. */
  freeSlot(holder: string): Promise<void> {
    return this.mutex.runExclusive(async () => {
      const { machine, layout } = this.parts;
      const claim = await this.read(layout.claimFile(holder));
      if (claim !== null) await writeAtomic(machine, layout.claimFile(holder), `${JSON.stringify({ ...claim, slot: false })}\n`);
    });
  }

  /** Ends a claim. Discards the files of its recipe unless another claim uses the recipe. */
  free(holder: string, recipe: Digest): Promise<void> {
    return this.mutex.runExclusive(() => this.end(holder, recipe));
  }

  private async end(holder: string, recipe: Digest): Promise<void> {
    const { machine, layout, trash } = this.parts;
    await machine.files.rm(layout.claimFile(holder), { force: true });
    if ((await this.list()).some((claim) => claim.recipeDigest === recipe)) return;
    for (const directory of [layout.builds, layout.sealed, layout.uploads])
      for (const path of await this.pathsOf(recipe, directory)) await trash.discard(path);
    trash.emptyInBackground();
  }

  private async files(): Promise<string[]> {
    const { machine, layout } = this.parts;
    return (await listOrEmpty(machine.files, layout.claims))
      .filter((name) => name.endsWith('.json'))
      .map((name) => join(layout.claims, name));
  }

  /**
   * Checks that the disk has space for the bytes that all claims have yet to write, and evicts unused inputs if needed.
   * Files already written are on the disk, so only the missing bytes count. Files in the trash count as free.
   */
  private async reserveDisk(wanted: ClaimWanted, others: readonly Claim[]): Promise<ClaimAnswer> {
    const { machine, layout, trash, shared } = this.parts;
    const inputs = await shared.list();
    const usedBy = (holder: string): Digest[] => inputs.flatMap(({ digest, holders }) => (holders.includes(holder) ? [digest] : []));
    const own = [...(wanted.inputs ?? []), ...usedBy(wanted.holder)];
    const needed = await this.missingBytes(wanted, own);
    let reserved = 0;
    for (const claim of others) reserved += await this.missingBytes(claim, usedBy(claim.holder));
    // Read the disk first: files deleted between the two reads then count in neither, instead of in both.
    const free = (await freeDiskAt(machine.files, layout.root)) + (await trash.bytes());
    let shortfall = needed + reserved - free;
    if (shortfall <= 0) return { granted: true };
    const unused = await this.sizesOf(inputs.filter(({ digest, holders }) => holders.length === 0 && !own.includes(digest)));
    const reclaimable = unused.reduce((sum, { bytes }) => sum + bytes, 0);
    if (shortfall <= reclaimable)
      for (const { digest, bytes } of unused) if (shortfall > 0 && (await shared.discardUnused(digest))) shortfall -= bytes;
    trash.emptyInBackground();
    if (shortfall <= 0) return { granted: true };
    return refused(`it needs ${formatBytes(needed)} more disk, and ${formatBytes(Math.max(0, free + reclaimable - reserved))} are left`);
  }

  /** Returns the bytes that a claim has yet to write: those that its build needs, less its existing files and inputs. */
  private async missingBytes({ recipeDigest, diskBytes }: Omit<Claim, 'slot'>, inputs: readonly Digest[]): Promise<number> {
    const { machine, layout } = this.parts;
    const built = await Promise.all([layout.builds, layout.sealed].map((directory) => this.pathsOf(recipeDigest, directory)));
    return Math.max(0, diskBytes - (await sizeOf(machine.files, ...built.flat(), ...inputs.flatMap((input) => this.pathsOfInput(input)))));
  }

  /** Returns inputs with the bytes that their deletion frees, the longest unused first. */
  private sizesOf(inputs: readonly SharedInput[]): Promise<readonly { readonly digest: Digest; readonly bytes: number }[]> {
    const oldestFirst = inputs.toSorted((a, b) => a.usedAt - b.usedAt);
    return Promise.all(
      oldestFirst.map(async ({ digest }) => ({ digest, bytes: await freedBy(this.parts.machine.files, ...this.pathsOfInput(digest)) })),
    );
  }

  private pathsOfInput(input: Digest): string[] {
    return [this.parts.layout.shared(input), this.parts.layout.partialShared(input)];
  }

  /** Returns the paths of a recipe in a directory: its build, its partial build, its seals or its journals. */
  private async pathsOf(recipe: Digest, directory: string): Promise<string[]> {
    const prefix = this.parts.layout.recipePrefix(recipe);
    return (await listOrEmpty(this.parts.machine.files, directory))
      .filter((name) => name.startsWith(prefix))
      .map((name) => join(directory, name));
  }

  /** Reads a claim. An unreadable claim reserves nothing: its holder claims again before it works. */
  private async read(path: string): Promise<Claim | null> {
    try {
      return Claim.parse(JSON.parse(await this.parts.machine.files.readFile(path, 'utf8')));
    } catch {
      return null;
    }
  }
}
