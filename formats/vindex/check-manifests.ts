import { sanitizeLine, truncateList } from '../../core/text.js';
import { WEIGHT_MANIFEST } from './file-names.js';
import type { VindexLayout } from './layout.js';
import { parseBlockManifest, parseWeightManifest } from './manifests.js';
import { capProblems, problem, type VindexProblem } from './reading.js';
import type { StoredTensor } from './stored-tensor.js';

/** The fields of a tensor in both kinds of manifest. */
interface Entry {
  readonly key: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
  readonly file: string;
  /** The manifest's `kind` or `format`. */
  readonly as: string;
}

/** Returns the entry that a manifest must have for a tensor. */
const entryOf = (tensor: StoredTensor, path: string): Entry => ({
  key: tensor.key,
  shape: tensor.shape,
  offset: tensor.offset,
  length: tensor.length,
  file: tensor.file,
  as: path === WEIGHT_MANIFEST ? tensor.kind : tensor.format,
});

/** Checks that the entries of each file cover it from its first byte to its last without a gap or an overlap. */
const tilingProblems = (path: string, entries: readonly Entry[], sizes: ReadonlyMap<string, number>): VindexProblem[] => {
  return [...new Set(entries.map(({ file }) => file))].flatMap((file) => {
    const listed = entries.filter((entry) => entry.file === file);
    const problems: VindexProblem[] = [];
    let position = 0;
    for (const { key, offset, length } of listed.toSorted((a, b) => a.offset - b.offset)) {
      if (offset > position)
        problems.push(problem('manifest-gap', path, `No tensor covers bytes ${position} to ${offset} of ${sanitizeLine(file)}.`));
      if (offset < position)
        problems.push(
          problem(
            'manifest-overlap',
            path,
            `${sanitizeLine(key)} begins at byte ${offset} of ${sanitizeLine(file)}, inside another tensor.`,
          ),
        );
      position = Math.max(position, offset + length);
    }
    const size = sizes.get(file);
    if (size !== undefined && size !== position)
      problems.push(problem('manifest-end', path, `Its tensors end at byte ${position} of ${sanitizeLine(file)}, which has ${size}.`));
    return capProblems(problems);
  });
};

/** Returns the keys that are missing from the other list, or occur less often there. */
const keysMissingFrom = (keys: readonly string[], others: readonly string[]): string[] => {
  const left = new Map<string, number>();
  for (const key of others) left.set(key, (left.get(key) ?? 0) + 1);
  return keys.filter((key) => {
    const count = left.get(key) ?? 0;
    left.set(key, count - 1);
    return count <= 0;
  });
};

const keyProblems = (path: string, found: readonly string[], expected: readonly string[]): VindexProblem[] => {
  const [lacking, extra] = [keysMissingFrom(expected, found), keysMissingFrom(found, expected)];
  const ordered = lacking.length > 0 || extra.length > 0 || found.every((key, at) => key === expected[at]);
  return [
    ...(found.length === expected.length
      ? []
      : [problem('manifest-count', path, `It lists ${found.length} tensors; the source implies ${expected.length}.`)]),
    ...(lacking.length === 0 ? [] : [problem('manifest-entry', path, `It lacks ${truncateList(lacking)}.`)]),
    ...(extra.length === 0 ? [] : [problem('manifest-entry', path, `It lists ${truncateList(extra)}, which the source does not imply.`)]),
    ...(ordered ? [] : [problem('manifest-entry', path, 'It lists its tensors in another order than larql.')]),
  ];
};

/** Compares the fields of entries for the same tensor, matched by position, or by key if the lists of keys differ. */
const fieldProblems = (path: string, entries: readonly Entry[], expected: readonly Entry[], ordered: boolean): VindexProblem[] => {
  const byKey = new Map(entries.map((entry) => [entry.key, entry]));
  // A missing entry shifts the offsets of all later ones, so offsets are not compared; `tilingProblems` reports gaps.
  const fields = ordered ? (['as', 'shape', 'offset', 'length', 'file'] as const) : (['as', 'shape', 'length', 'file'] as const);
  const wrong = expected.flatMap((should, at) => {
    const found = ordered ? entries[at] : byKey.get(should.key);
    if (found === undefined) return [];
    return fields
      .filter((field) => String(found[field]) !== String(should[field]))
      .map((field) => {
        const values = [found[field], should[field]].map((value) => sanitizeLine(String(value), 120));
        return problem(
          'manifest-entry',
          path,
          `${should.key}: its ${field === 'as' ? 'format' : field} is ${values[0]}; the source implies ${values[1]}.`,
        );
      });
  });
  return capProblems(wrong);
};

const entryProblems = (path: string, entries: readonly Entry[], tensors: readonly StoredTensor[]): VindexProblem[] => {
  const expected = tensors.map((tensor) => entryOf(tensor, path));
  const keys = keyProblems(
    path,
    entries.map(({ key }) => key),
    expected.map(({ key }) => key),
  );
  return [...keys, ...fieldProblems(path, entries, expected, keys.length === 0)];
};

const entriesOf = (path: string, bytes: Uint8Array): Entry[] =>
  path === WEIGHT_MANIFEST
    ? parseWeightManifest(bytes, path).map((entry) => ({ ...entry, as: entry.kind }))
    : parseBlockManifest(bytes, path).map((entry) => ({ ...entry, as: entry.format, file: path.replace('_manifest.json', '.bin') }));

/**
 * Checks a manifest against the tensors that the source makes, and against the files that it describes.
 *
 * @param sizes the sizes of the existing files; a slice's manifest still lists some that do not exist
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
