import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { repoKey, type Digest, type RepoId } from '../../core/ids.js';

const hex = (digest: Digest): string => digest.slice('sha256:'.length);

/** Paths of everything in a scratch. Names are digests, so that no external string becomes a path. */
export class ScratchLayout {
  constructor(readonly root: string) {}

  /** Stores the host's random id across restarts. */
  get hostFile(): string {
    return join(this.root, 'host.json');
  }

  /** Locked by the only process that serves this scratch. */
  get lockFile(): string {
    return join(this.root, 'lock');
  }

  /** Holds discarded files, which are deleted in the background. Nothing reads them. */
  get trash(): string {
    return join(this.root, 'trash');
  }

  get claims(): string {
    return join(this.root, 'claims');
  }

  claimFile(holder: string): string {
    return join(this.claims, `${createHash('sha256').update(holder).digest('hex')}.json`);
  }

  get builds(): string {
    return join(this.root, 'builds');
  }

  /** Payload files of a recipe. The directory gets this name only when it is complete. */
  build(recipe: Digest): string {
    return join(this.builds, hex(recipe));
  }

  /** Files of an incomplete build, with its journal. */
  partialBuild(recipe: Digest): string {
    return `${this.build(recipe)}.partial`;
  }

  get sharedRoot(): string {
    return join(this.root, 'shared');
  }

  /** An input that several publishes of this host use. The directory gets this name only when it is complete. */
  shared(input: Digest): string {
    return join(this.sharedRoot, hex(input));
  }

  partialShared(input: Digest): string {
    return `${this.shared(input)}.partial`;
  }

  /** Lists the publishes that use the input. */
  sharedUses(input: Digest): string {
    return `${this.shared(input)}.uses.json`;
  }

  get uploads(): string {
    return join(this.root, 'uploads');
  }

  /** Journal of a recipe's blobs that a target has received, from any plan. */
  uploadJournal(recipe: Digest, target: RepoId): string {
    const targetHash = createHash('sha256').update(repoKey(target)).digest('hex').slice(0, 32);
    return join(this.uploads, `${hex(recipe)}-${targetHash}.jsonl`);
  }

  get sealed(): string {
    return join(this.root, 'sealed');
  }

  /** Card, license files and manifest of one approved plan, beside its payload. */
  seal(recipe: Digest, plan: Digest): string {
    return join(this.sealed, `${hex(recipe)}-${hex(plan).slice(0, 32)}`);
  }

  /** Prefix of every name that belongs to a recipe below `builds`, `sealed` and `uploads`. */
  recipePrefix(recipe: Digest): string {
    return hex(recipe);
  }
}

/**
 * Returns the layout of a host's scratch: SWP's own directory below the configured one, which may be shared or the root
 * of a volume.
 */
export const scratchIn = (configured: string): ScratchLayout => new ScratchLayout(join(resolve(configured), 'swp'));
