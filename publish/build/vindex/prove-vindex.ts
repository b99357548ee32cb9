import { join } from 'node:path';
import { SwpError } from '../../../core/error.js';
import { digestsOf, type FileDigests } from '../../../core/file-digests.js';
import { writeAtomic } from '../../../core/files.js';
import type { Digest } from '../../../core/ids.js';
import type { Machine } from '../../../core/machine.js';
import { generationOf } from '../../../formats/vindex/quant-blocks.js';
import { canonicalIndex, weightsDigest } from '../../../formats/vindex/canonical-index.js';
import { compareNumbers } from '../../../formats/vindex/compare-numbers.js';
import { INDEX_FILE, parseIndex } from '../../../formats/vindex/index-json.js';
import type { VindexLayout } from '../../../formats/vindex/layout.js';
import type { VindexProblem } from '../../../formats/vindex/reading.js';
import { validateVindex } from '../../../formats/vindex/validate.js';
import { DirectoryReader, openVindex } from '../../../larql/vindex-directory.js';
import { sha256Of } from '../../../core/digests.js';
import type { RepoFile } from '../../../hub/repo-file.js';
import type { SourceFacts } from '../../../plan/facts.js';
import type { VindexRecipe } from '../../../plan/recipe.js';
import type { ReportProgress } from '../../progress.js';
import { compareExtracted, type ExtractedDigests } from './extracted-digests.js';

const SHOWN = 5;
const ROWS_PER_FILE = 64;

export interface ProofInput {
  readonly directory: string;
  /** Name of a file in the directory that is not part of the vindex. */
  readonly beside?: string;
  readonly snapshot: string;
  readonly layout: VindexLayout;
  readonly source: SourceFacts;
  readonly files: readonly RepoFile[];
  readonly recipe: VindexRecipe;
  readonly recipeDigest: Digest;
  readonly committedAt: Date;
  readonly outputBytes: number;
  /** Expected digests by path. Files without an expected digest are new. */
  readonly extracted: ExtractedDigests;
}

const refuse = (problems: readonly VindexProblem[]): void => {
  if (problems.length === 0) return;
  const shown = problems.slice(0, SHOWN).map(({ path, message }) => `${path}: ${message}`);
  throw new SwpError(
    'integrity',
    'larql/incomplete',
    `larql reported success, but its vindex is wrong or incomplete (${problems.length} problems): ${shown.join(' ')}`,
    { hint: 'Nothing was published. Retry once; if it fails again, this larql cannot extract this model.' },
  );
};

/** Returns the SHA-256 of each weight file: the one that the Hub lists or, outside LFS, that of the staged file. */
const weightDigests = async (machine: Machine, { files, snapshot }: ProofInput): Promise<ReadonlyMap<string, string>> => {
  const weights = files.filter(({ path }) => path.endsWith('.safetensors'));
  const digests = weights.map(async ({ path, lfs }): Promise<[string, string]> => [
    path,
    lfs ?? sha256Of(await machine.files.readFile(join(snapshot, path))),
  ]);
  return new Map(await Promise.all(digests));
};

/**
 * Proves that a vindex matches its source: first its structure, then a sample of the numbers in every file. Then writes its
 * index in canonical form, so that equal recipes give equal bytes.
 *
 * @returns the digests of all files of the vindex
 * @throws SwpError `larql/incomplete` with the first problems, `vindex/extraction-damaged`
 */
export const proveVindex = async (
  machine: Machine,
  input: ProofInput,
  report: ReportProgress,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, FileDigests>> => {
  const { directory, layout, source, recipe, outputBytes } = input;
  let doneBytes = 0;
  const onBytes = (bytes: number, file: string): void =>
    report({ file, doneBytes: (doneBytes += bytes), totalBytes: Math.max(outputBytes, doneBytes) });
  const vindex = await openVindex(machine, directory, { signal, onBytes, ...(input.beside === undefined ? {} : { except: input.beside }) });
  const staged = new DirectoryReader(machine.files, input.snapshot);
  try {
    compareExtracted(input.extracted, vindex.digests);
    refuse(await validateVindex(vindex, layout, source.repo));
    const seed = Number.parseInt(input.recipeDigest.slice('sha256:'.length, 'sha256:'.length + 8), 16);
    const { problems, blocks } = await compareNumbers(layout, vindex, staged, { seed, rowsPerFile: ROWS_PER_FILE });
    refuse(problems);
    const found = blocks === null ? null : generationOf(blocks);
    if (found !== null && found !== recipe.larql.blocks)
      throw new SwpError('integrity', 'larql/blocks', `larql wrote ${found} blocks, but the plan has ${recipe.larql.blocks} blocks.`, {
        hint: 'Abandon, and start again for a plan with the larql of this host.',
      });
  } finally {
    await staged.close();
    await vindex.close();
  }
  const written = await machine.files.readFile(join(directory, INDEX_FILE));
  const index = canonicalIndex(parseIndex(written), {
    revision: source.commit,
    committedAt: input.committedAt,
    safetensors: weightsDigest(await weightDigests(machine, input)),
    sha256: vindex.sha256,
  });
  if (!written.equals(index)) await writeAtomic(machine, join(directory, INDEX_FILE), index);
  return new Map(vindex.digests).set(INDEX_FILE, digestsOf(index));
};
