import { collectBytes } from '../../../core/collect-bytes.js';
import { SwpError } from '../../../core/error.js';
import type { MtpSelection } from '../../../formats/mtp/selection.js';
import type { SourceTensor } from '../../../formats/mtp/tensors.js';
import { headerSize, LENGTH_PREFIX, openHeader } from '../../../formats/safetensors/header.js';
import type { RangeReader } from '../../../hub/read/range.js';
import type { SourceFacts } from '../../../plan/facts.js';

/**
 * Reads the entries of the named tensors from a shard's header. Reads only the length first, so that the requests are split
 * at another offset than those of planning.
 */
const readEntries = async (reader: RangeReader, size: number, names: ReadonlySet<string>, signal: AbortSignal): Promise<string[]> => {
  const bytes = headerSize(await collectBytes(reader.read(0, Math.min(size, LENGTH_PREFIX), signal)), size);
  const parsing = openHeader(bytes, size, (name) => names.has(name));
  for await (const chunk of reader.read(LENGTH_PREFIX, LENGTH_PREFIX + bytes, signal)) parsing.feed(chunk);
  return parsing.end().tensors.map(entryOf);
};

const entryOf = ({ name, dtype, shape, begin, end }: Omit<SourceTensor, 'file'>): string =>
  JSON.stringify([name, dtype, shape, begin, end]);

const sameEntries = async (expected: readonly string[], read: () => Promise<string[]>): Promise<boolean> => {
  try {
    const found = new Set(await read());
    return expected.every((entry) => found.has(entry));
  } catch (error) {
    // The header was valid during planning, so an invalid one now is a different one.
    if (error instanceof SwpError && error.code.startsWith('formats/')) return false;
    throw error;
  }
};

/**
 * Reads the headers behind a selection again. A flipped bit in a header would assign wrong bytes to a tensor name, even
 * though these bytes are proven to be the source's. One matching reading is enough.
 *
 * @param readersOf returns one reader for each further reading of a file
 * @throws SwpError `mtp/source-differs`
 */
export const checkHeaders = async (
  { tensors }: Pick<MtpSelection, 'tensors'>,
  { repo, commit, files }: Pick<SourceFacts, 'repo' | 'commit' | 'files'>,
  readersOf: (path: string) => readonly RangeReader[],
  signal: AbortSignal,
): Promise<void> => {
  for (const path of new Set(tensors.map(({ file }) => file))) {
    const own = tensors.filter(({ file }) => file === path);
    const names = new Set(own.map(({ name }) => name));
    const size = files.find((file) => file.path === path)?.size ?? 0;
    const expected = own.map(entryOf);
    let isSame = false;
    for (const reader of readersOf(path)) isSame ||= await sameEntries(expected, () => readEntries(reader, size, names, signal));
    if (!isSame)
      throw new SwpError(
        'integrity',
        'mtp/source-differs',
        `${repo} at ${commit}: the header of ${path} differs from the one in the plan.`,
        {
          hint: 'Nothing was published. Abandon, and start again for a new plan. If it fails again, check the path between this host and the Hub.',
        },
      );
  }
};
