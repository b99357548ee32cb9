import { join } from 'node:path';
import { listOrEmpty } from '../../core/files.js';
import type { ScratchParts } from './scratch-parts.js';
import { sizeOf } from './disk-usage.js';

/** Something in a scratch directory, and the publishes that need it. */
export interface ScratchItem {
  /**
   * `shared`: a staged source or a full extraction; `build`: files of one recipe; `seal`, `upload`: seals and upload
   * journals of a recipe.
   */
  readonly kind: 'shared' | 'build' | 'seal' | 'upload' | 'trash';
  readonly path: string;
  /** Bytes on disk. A file with several names counts in each item that contains it. */
  readonly bytes: number;
  /** Workflow ids of the publishes that need it. If empty, it may be deleted. */
  readonly neededBy: readonly string[];
}

/** Names below `builds`, `sealed` and `uploads` begin with the hex digest of their recipe, of this length. */
const DIGEST_LENGTH = 64;

/** Lists everything that publishes have left in a scratch directory. */
export const listScratch = async ({ machine: { files }, layout, claims, shared }: ScratchParts): Promise<ScratchItem[]> => {
  const claimed = await claims.list();
  const neededBy = (hex: string): string[] =>
    claimed.filter(({ recipeDigest }) => recipeDigest === `sha256:${hex}`).map(({ holder }) => holder);
  const below = async (kind: ScratchItem['kind'], directory: string): Promise<ScratchItem[]> => {
    const names = await listOrEmpty(files, directory);
    return Promise.all(
      names.map(async (name) => {
        const path = join(directory, name);
        return { kind, path, bytes: await sizeOf(files, path), neededBy: neededBy(name.slice(0, DIGEST_LENGTH)) };
      }),
    );
  };
  const inputs = (await shared.list()).map(async (input): Promise<ScratchItem> => {
    const path = input.complete ? input.path : layout.partialShared(input.digest);
    return { kind: 'shared', path, bytes: await sizeOf(files, path), neededBy: input.holders };
  });
  return [
    ...(await Promise.all(inputs)),
    ...(await below('build', layout.builds)),
    ...(await below('seal', layout.sealed)),
    ...(await below('upload', layout.uploads)),
    ...(await below('trash', layout.trash)),
  ];
};

/** Discards the listed items that no publish needs, and returns them. */
export const discardUnneeded = async (
  items: readonly ScratchItem[],
  { layout, shared, trash }: ScratchParts,
): Promise<readonly ScratchItem[]> => {
  const unused = new Set(
    (await shared.removeUnused(Infinity)).flatMap(({ digest }) => [layout.shared(digest), layout.partialShared(digest)]),
  );
  const unneeded = items.filter(({ kind, path, neededBy }) => (kind === 'shared' ? unused.has(path) : neededBy.length === 0));
  for (const { kind, path } of unneeded) if (kind !== 'shared' && kind !== 'trash') await trash.discard(path);
  return unneeded;
};
