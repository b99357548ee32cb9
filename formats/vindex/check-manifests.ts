import { oneLine } from '../../core/text.js';
import { WEIGHT_MANIFEST } from './file-names.js';
import type { VindexLayout } from './layout.js';
import { parseBlockManifest, parseWeightManifest } from './manifests.js';
import { capped, problem, type VindexProblem } from './reading.js';
import type { StoredTensor } from './stored-tensor.js';

/** What both kinds of manifest say of a tensor. */
interface Entry {
  readonly key: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
  readonly file: string;
  /** `kind` or `format`, as the manifest has it. */
  readonly as: string;
}

/** What a manifest has to say of a tensor. */
const entryOf = (tensor: StoredTensor, path: string): Entry => ({
  key: tensor.key,
  shape: tensor.shape,
  offset: tensor.offset,
  length: tensor.length,
  file: tensor.file,
  as: path === WEIGHT_MANIFEST ? tensor.kind : tensor.format,
});

/** Entries of each file must fill it from its first byte to its last, each once. */
const tilingProblems = (path: string, entries: readonly Entry[], sizes: ReadonlyMap<string, number>): VindexProblem[] => {
  return [...new Set(entries.map(({ file }) => file))].flatMap((file) => {
    const listed = entries.filter((entry) => entry.file === file);
    const problems: VindexProblem[] = [];
    let position = 0;
    for (const { key, offset, length } of listed.toSorted((a, b) => a.offset - b.offset)) {
      if (offset > position)
        problems.push(problem('manifest-gap', path, `Nothing describes bytes ${position} to ${offset} of ${oneLine(file)}.`));
      if (offset < position)
        problems.push(
          problem('manifest-overlap', path, `${oneLine(key)} begins at byte ${offset} of ${oneLine(file)}, inside another tensor.`),
        );
      position = Math.max(position, offset + length);
    }
    const size = sizes.get(file);
    if (size !== undefined && size !== position)
      problems.push(problem('manifest-end', path, `Its tensors end at byte ${position} of ${oneLine(file)}, which has ${size}.`));
    return capped(problems);
  });
};

const entryProblems = (path: string, entries: readonly Entry[], expected: readonly StoredTensor[]): VindexProblem[] => {
  const wrong = expected.flatMap((tensor, at) => {
    const found = entries[at];
    if (found === undefined) return [];
    const should = entryOf(tensor, path);
    return (['key', 'as', 'shape', 'offset', 'length', 'file'] as const)
      .filter((field) => String(found[field]) !== String(should[field]))
      .map((field) =>
        problem(
          'manifest-entry',
          path,
          `Entry ${at}, ${oneLine(found.key, 120)}: its ${field === 'as' ? 'format' : field} is ${oneLine(String(found[field]), 120)}; the source makes ${String(should[field])}.`,
        ),
      );
  });
  const count =
    entries.length === expected.length
      ? []
      : [problem('manifest-count', path, `It lists ${entries.length} tensors; the source makes ${expected.length}.`)];
  return [...count, ...capped(wrong)];
};

const entriesOf = (path: string, bytes: Uint8Array): Entry[] =>
  path === WEIGHT_MANIFEST
    ? parseWeightManifest(bytes, path).map((entry) => ({ ...entry, as: entry.kind }))
    : parseBlockManifest(bytes, path).map((entry) => ({ ...entry, as: entry.format, file: path.replace('_manifest.json', '.bin') }));

/**
 * A manifest against the tensors that the source makes, and against the files that it describes.
 *
 * @param sizes of the files that are there; a slice's manifest goes on naming some that are not
 * @throws SwpError `formats/vindex-json`
 */
export const checkManifest = (
  path: string,
  bytes: Uint8Array,
  layout: VindexLayout,
  sizes: ReadonlyMap<string, number>,
): VindexProblem[] => {
  const entries = entriesOf(path, bytes);
  return [...entryProblems(path, entries, layout.manifests.get(path) ?? []), ...tilingProblems(path, entries, sizes)];
};
