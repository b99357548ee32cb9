import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Claim } from './claims.js';
import type { ScratchLayout } from './layout.js';
import type { SharedInput } from './shared.js';
import { sizeOf } from './size.js';

/** Something in a scratch directory, and who needs it. */
export interface ScratchItem {
  /** `shared`: a staged source or a whole extraction; `build`: files of one recipe; `seal` and `upload`: what belongs to them. */
  readonly what: 'shared' | 'build' | 'seal' | 'upload';
  readonly path: string;
  /** Bytes on disk; files that lie in several places count in each. */
  readonly bytes: number;
  /** Publishes that need it, by workflow id; nobody's may be deleted. */
  readonly neededBy: readonly string[];
  /** Where that is known: when it was last begun to be used or given back. */
  readonly usedAt: number | null;
}

/** Names below these directories begin with the digest of their recipe. */
const DIGEST_LENGTH = 64;

/** Everything that publishes have left in a scratch directory. */
export const listScratch = async (
  layout: ScratchLayout,
  claims: readonly Claim[],
  shared: readonly SharedInput[],
): Promise<ScratchItem[]> => {
  const neededBy = (hex: string): string[] =>
    claims.filter(({ recipeDigest }) => recipeDigest === `sha256:${hex}`).map(({ holder }) => holder);
  const below = async (what: ScratchItem['what'], directory: string): Promise<ScratchItem[]> => {
    const names = await readdir(directory).catch(() => []);
    return Promise.all(
      names.map(async (name) => {
        const path = join(directory, name);
        return { what, path, bytes: await sizeOf(path), neededBy: neededBy(name.slice(0, DIGEST_LENGTH)), usedAt: null };
      }),
    );
  };
  const inputs = shared.map(async (input): Promise<ScratchItem> => {
    const path = input.complete ? input.path : layout.partialShared(input.digest);
    return { what: 'shared', path, bytes: await sizeOf(path), neededBy: input.holders, usedAt: input.usedAt };
  });
  return [
    ...(await Promise.all(inputs)),
    ...(await below('build', layout.builds)),
    ...(await below('seal', layout.sealed)),
    ...(await below('upload', layout.uploads)),
  ];
};

/** Deletes builds, seals and journals that no claim needs; shared inputs have a keeper of their own. */
export const removeUnneeded = async (items: readonly ScratchItem[]): Promise<readonly ScratchItem[]> => {
  const unneeded = items.filter(({ what, neededBy }) => what !== 'shared' && neededBy.length === 0);
  for (const { path } of unneeded) await rm(path, { recursive: true, force: true });
  return unneeded;
};
