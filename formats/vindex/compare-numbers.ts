import { DTYPE_BITS } from '../dtype.js';
import type { BlockLayout } from './quant-blocks.js';
import type { VindexLayout } from './layout.js';
import { capProblems, problem, type VindexProblem, type VindexReader } from './reading.js';
import { rowError } from './row-error.js';
import { seededNumbers } from './seeded.js';
import { sourceFloats } from './source-floats.js';
import { rowBytes, type StoredTensor } from './stored-tensor.js';

/** Reads the source's files, by their paths in the source. */
export interface SourceReader {
  readonly read: (path: string, begin: number, end: number) => Promise<Uint8Array>;
}

export interface Comparison {
  /** The layout of the Q6_K blocks; null if no row distinguishes the layouts, as at quant none. */
  readonly blocks: BlockLayout | null;
  /** The number of compared rows. */
  readonly rows: number;
  readonly problems: readonly VindexProblem[];
}

export interface SampleOptions {
  /** The same seed selects the same rows. */
  readonly seed: number;
  /**
   * The number of rows to compare in each file, with at least one of each tensor in a file with at most this many
   * tensors.
   */
  readonly rowsPerFile: number;
}

/** The format itself can cause errors up to this value, see {@link rowError}. */
const LARGEST_ERROR = 1;

interface Row {
  readonly tensor: StoredTensor;
  readonly row: number;
}

/** Selects all tensors of a file, or a random sample if there are more than `rowsPerFile`; then random rows of each. */
const sampleRows = (layout: VindexLayout, { seed, rowsPerFile }: SampleOptions): Row[] => {
  const next = seededNumbers(seed);
  const byFile = new Map<string, StoredTensor[]>();
  for (const tensor of layout.tensors) {
    if (tensor.length === 0) continue;
    const known = byFile.get(tensor.file);
    if (known === undefined) byFile.set(tensor.file, [tensor]);
    else known.push(tensor);
  }
  const rows: Row[] = [];
  for (const tensors of byFile.values()) {
    const each = tensors.length <= rowsPerFile ? tensors : [];
    const more = Array.from({ length: rowsPerFile - each.length }, () => tensors[next(tensors.length)]);
    for (const tensor of [...each, ...more]) if (tensor !== undefined) rows.push({ tensor, row: next(tensor.source.rows) });
  }
  return rows;
};

/** Returns the errors of one row in both layouts; formats with only one layout have the same error in both. */
const errorsOf = async (
  { tensor, row }: Row,
  vindex: Pick<VindexReader, 'read'>,
  source: SourceReader,
): Promise<Record<BlockLayout, number>> => {
  const { format, offset, source: from } = tensor;
  const stored = rowBytes(format, from.columns);
  const begin = offset + row * stored;
  const sourceRow = (from.columns * DTYPE_BITS[from.tensor.dtype]) / 8;
  const sourceBegin = from.tensor.begin + from.begin + row * sourceRow;
  const [bytes, original] = await Promise.all([
    vindex.read(tensor.file, begin, begin + stored),
    source.read(from.tensor.file, sourceBegin, sourceBegin + sourceRow),
  ]);
  const numbers = sourceFloats(from.tensor.dtype, original);
  const planar = rowError(format, bytes, numbers, 'planar');
  return { planar, interleaved: format === 'Q6_K' ? rowError(format, bytes, numbers, 'interleaved') : planar };
};

const formatError = (error: number): string => (Number.isFinite(error) ? `${error.toPrecision(3)} times` : 'infinitely many times');

/**
 * Compares a seeded sample of rows of every file of numbers with the source, within the error of each format. The structure
 * of a file does not distinguish right blocks from wrong ones, nor one tensor from another of the same shape.
 *
 * Requires a vindex in which {@link validateVindex} found no problems, because it reads at the offsets that follow from
 * the source.
 *
 * @returns the problems, and the layout of the blocks, which shows the generation of larql
 */
export const compareNumbers = async (
  layout: VindexLayout,
  vindex: Pick<VindexReader, 'read'>,
  source: SourceReader,
  options: SampleOptions,
): Promise<Comparison> => {
  const rows = sampleRows(layout, options);
  const votes: Record<BlockLayout, StoredTensor[]> = { planar: [], interleaved: [] };
  const problems: VindexProblem[] = [];
  for (const sampled of rows) {
    const errors = await errorsOf(sampled, vindex, source);
    const planar = errors.planar <= LARGEST_ERROR;
    const interleaved = errors.interleaved <= LARGEST_ERROR;
    const { key, file, format } = sampled.tensor;
    if (!planar && !interleaved)
      problems.push(
        problem(
          'numbers',
          file,
          `Row ${sampled.row} of ${key} differs from the source ${formatError(Math.min(errors.planar, errors.interleaved))} as much as ${format} allows.`,
        ),
      );
    else if (planar !== interleaved) votes[planar ? 'planar' : 'interleaved'].push(sampled.tensor);
  }
  const [planar, interleaved] = [votes.planar[0], votes.interleaved[0]];
  if (planar !== undefined && interleaved !== undefined)
    problems.push(
      problem(
        'block-generation',
        interleaved.file,
        `Blocks of ${interleaved.key} are laid out as larql did before August 2026, those of ${planar.key} as GGML does.`,
      ),
    );
  const blocks = planar === undefined ? (interleaved === undefined ? null : 'interleaved') : interleaved === undefined ? 'planar' : null;
  return { blocks, rows: rows.length, problems: capProblems(problems) };
};
