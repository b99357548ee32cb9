import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { THIS_MACHINE } from '../../../../core/this-machine.js';
import { ScratchLayout } from '../../../../publish/scratch/scratch-layout.js';
import { SharedInputs } from '../../../../publish/scratch/shared-inputs.js';
import { extractedDigest, shouldDeferClaim, stagedDigest } from '../../../../publish/build/vindex/shared-inputs-of.js';
import { VindexRecipe } from '../../../../plan/recipe.js';

let root: string;
let shared: SharedInputs;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'swp-inputs-'));
  shared = new SharedInputs(THIS_MACHINE, new ScratchLayout(root));
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
const deferredAttempts = async (of = recipe()): Promise<number> => {
  let attempt = 1;
  while (await shouldDeferClaim(of, shared, attempt)) attempt += 1;
  return attempt - 1;
};

describe('a claim for a vindex', () => {
  it('is deferred four times by a host that has no input of it', async () => {
    expect(await deferredAttempts()).toBe(4);
  });

  it('is deferred twice by a host that has its source', async () => {
    await make(stagedDigest(recipe()));
    expect(await deferredAttempts()).toBe(2);
  });

  it('is taken immediately by a host that has the extraction, for another slice too', async () => {
    await make(extractedDigest(recipe()));
    expect(await deferredAttempts(recipe({ slice: 'expert-server' }))).toBe(0);
  });

  it('is deferred four times by a host that has only another commit of its source', async () => {
    const other = recipe({ source: { ...recipe().source, commit: recipe().source.commit.replaceAll('a', 'd') as never } });
    await make(stagedDigest(other));
    await make(extractedDigest(other));
    expect(await deferredAttempts()).toBe(4);
  });
});
