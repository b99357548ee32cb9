import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ScratchLayout } from '../../../../publish/scratch/scratch-layout.js';
import { SharedInputs } from '../../../../publish/scratch/shared-inputs.js';
import { extractedDigest, shouldDeferClaim, stagedDigest } from '../../../../publish/build/vindex/shared-inputs-of.js';
import { VindexRecipe } from '../../../../plan/recipe.js';

let root: string;
let shared: SharedInputs;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'swp-inputs-'));
  shared = new SharedInputs(new ScratchLayout(root));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const recipe = (over: Partial<VindexRecipe> = {}): VindexRecipe =>
  VindexRecipe.parse({
    kind: 'vindex',
    conversion: 1,
    source: { repo: 'labs/model', commit: 'a'.repeat(40) },
    quant: 'q4k',
    slice: 'full',
    level: 'all',
    selection: { files: 3, digest: `sha256:${'b'.repeat(64)}` },
    larql: { sha256: 'c'.repeat(64), blocks: 'early' },
    blas: {},
    ...over,
  });
const make = (digest: ReturnType<typeof stagedDigest>): Promise<string> => shared.use(digest, 'someone', () => Promise.resolve());
const attemptsLeft = async (of = recipe()): Promise<number> => {
  let attempt = 1;
  while (await shouldDeferClaim(of, shared, attempt)) attempt += 1;
  return attempt - 1;
};

describe('a claim for a vindex', () => {
  it('is left to other hosts a few times by one that has nothing of it, and then taken', async () => {
    expect(await attemptsLeft()).toBe(4);
  });

  it('is left to them less often by one that has its source', async () => {
    await make(stagedDigest(recipe()));
    expect(await attemptsLeft()).toBe(2);
  });

  it('is taken at once by one that has the whole extraction, whichever slice it is for', async () => {
    await make(extractedDigest(recipe()));
    expect(await attemptsLeft(recipe({ slice: 'expert-server' }))).toBe(0);
  });

  it('finds nothing in another commit of its source', async () => {
    const other = recipe({ source: { ...recipe().source, commit: recipe().source.commit.replaceAll('a', 'd') as never } });
    await make(stagedDigest(other));
    await make(extractedDigest(other));
    expect(await attemptsLeft()).toBe(4);
  });
});
