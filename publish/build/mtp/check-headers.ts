import { buffer } from 'node:stream/consumers';
import { SwpError } from '../../../core/error.js';
import type { MtpSelection } from '../../../formats/mtp/selection.js';
import type { SourceTensor } from '../../../formats/mtp/tensors.js';
import { headerSize, LENGTH_PREFIX, openHeader } from '../../../formats/safetensors/header.js';
import type { RangeReader } from '../../../hub/read/range.js';
import type { SourceFacts } from '../../../plan/facts.js';

/** The entries of these tensors in a shard's header. A first read of the length alone cuts it elsewhere than planning did. */
const readEntries = async (reader: RangeReader, size: number, names: ReadonlySet<string>, signal: AbortSignal): Promise<string[]> => {
  const bytes = headerSize(await buffer(reader.read(0, Math.min(size, LENGTH_PREFIX), signal)), size);
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
    // A header that breaks its format was another one when it was planned.
    if (error instanceof SwpError && error.code.startsWith('formats/')) return false;
    throw error;
  }
};

/**
 * Reads the headers again that a selection comes from: a bit that was flipped there would put wrong bytes, proven or not,
 * under a tensor's name.
 *
 * @param readersOf readers of a file, one for each further reading of it
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
        `${repo} at ${commit}: the header of ${path} is not the one that was planned with.`,
        {
          hint: 'Nothing of it is published. Abandon, and start again for a fresh plan; if it stays so, look at what lies between this host and the Hub.',
        },
      );
  }
};
