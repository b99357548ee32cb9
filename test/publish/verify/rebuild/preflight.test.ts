import { totalmem, tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { THIS_MACHINE } from '../../../../core/this-machine.js';
import { checkConversion, checkSpace } from '../../../../publish/verify/rebuild/preflight.js';
import { CommitSha, Digest, RepoId, Sha256 } from '../../../../core/ids.js';
import { extractOptions } from '../../../../formats/vindex/extract-options.js';
import { BLAS } from '../../../../larql/environment.js';
import { makeManifest, describeBytes } from '../../../../plan/manifest.js';
import type { VindexRecipe } from '../../../../plan/recipe.js';
import { plan, recordOf, TARGET } from '../../../plan/fixtures.js';

const { provenance } = recordOf(plan(), TARGET, makeManifest([describeBytes('README.md', Buffer.from('x'))])).last;
const vindex = (over: Partial<VindexRecipe> = {}): VindexRecipe => ({
  kind: 'vindex',
  conversion: 1,
  source: { repo: RepoId.parse('labs/model'), commit: CommitSha.parse('a'.repeat(40)) },
  quant: 'q4k',
  slice: 'full',
  level: extractOptions('q4k').level,
  selection: { files: 1, digest: Digest.parse(`sha256:${'0'.repeat(64)}`) },
  larql: { sha256: Sha256.parse('1'.repeat(64)), blocks: 'early' },
  blas: { ...BLAS },
  ...over,
});

describe('the conversion check of a recipe', () => {
  it.each<[string, VindexRecipe, boolean]>([
    ['our own way of running larql', vindex(), true],
    ['another number of BLAS threads', vindex({ blas: { ...BLAS, OPENBLAS_NUM_THREADS: '8' } }), false],
    ['another level', vindex({ level: 'browse' }), false],
  ])('accepts or refuses %s', (_, recipe, isAccepted) => {
    const check = (): void => checkConversion(recipe, provenance);
    if (isAccepted) expect(check).not.toThrow();
    else expect(check).toThrow(expect.objectContaining({ code: 'rebuild/conversion', hint: expect.stringContaining('version 0.1.0') }));
  });
});

describe('the resource check of a build', () => {
  it('refuses a disk that is too small, and names both sizes', async () => {
    const refused = checkSpace(THIS_MACHINE, tmpdir(), { diskBytes: 9e17, memoryBytes: 0 });
    await expect(refused).rejects.toMatchObject({
      kind: 'quota',
      code: 'scratch/no-space',
      message: expect.stringMatching(/900 PB.*free/),
    });
  });

  it('refuses a machine with too little memory', async () => {
    const refused = checkSpace(THIS_MACHINE, tmpdir(), { diskBytes: 0, memoryBytes: totalmem() + 1 });
    await expect(refused).rejects.toMatchObject({ kind: 'quota', code: 'rebuild/no-memory' });
  });

  it('accepts enough disk and memory', async () => {
    await expect(checkSpace(THIS_MACHINE, tmpdir(), { diskBytes: 1, memoryBytes: 1 })).resolves.toBeUndefined();
  });
});
