import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { repoKey, type Digest, type RepoId } from '../../core/ids.js';

const hex = (digest: Digest): string => digest.slice('sha256:'.length);

/** Paths of everything in a scratch. Names are digests: nothing from outside becomes a path. */
export class ScratchLayout {
  constructor(readonly root: string) {}

  /** The host's random id, kept so that it survives restarts. */
  get hostFile(): string {
    return join(this.root, 'host.json');
  }

  /** Locked by the one process that serves this scratch. */
  get lockFile(): string {
    return join(this.root, 'lock');
  }

  /** Deleted in the background; nothing looks for anything here. */
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

  /** Payload files of a recipe, complete once the directory has this name. */
  build(recipe: Digest): string {
    return join(this.builds, hex(recipe));
  }

  /** What is there of a build that is not complete, with its journal. */
  partialBuild(recipe: Digest): string {
    return `${this.build(recipe)}.partial`;
  }

  get sharedRoot(): string {
    return join(this.root, 'shared');
  }

  /** What several publishes of this host use, complete once the directory has this name. */
  shared(input: Digest): string {
    return join(this.sharedRoot, hex(input));
  }

  partialShared(input: Digest): string {
    return `${this.shared(input)}.partial`;
  }

  /** Who uses it. */
  sharedUses(input: Digest): string {
    return `${this.shared(input)}.uses.json`;
  }

  get uploads(): string {
    return join(this.root, 'uploads');
  }

  /** What of a recipe's blobs has arrived at a target, whichever plan sent it. */
  uploadJournal(recipe: Digest, target: RepoId): string {
    const of = createHash('sha256').update(repoKey(target)).digest('hex').slice(0, 32);
    return join(this.uploads, `${hex(recipe)}-${of}.jsonl`);
  }

  get sealed(): string {
    return join(this.root, 'sealed');
  }

  /** Card, license files and manifest of one approved plan, beside its payload. */
  seal(recipe: Digest, plan: Digest): string {
    return join(this.sealed, `${hex(recipe)}-${hex(plan).slice(0, 32)}`);
  }

  /** Every name below `builds`, `sealed` and `uploads` begins with this one of its recipe. */
  recipePrefix(recipe: Digest): string {
    return hex(recipe);
  }
}

/** The scratch of a host: a directory of SWP's own below the configured one, which may be shared or the root of a volume. */
export const scratchIn = (configured: string): ScratchLayout => new ScratchLayout(join(resolve(configured), 'swp'));
