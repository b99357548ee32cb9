import { compareBytes, sanitizeLine } from '../../core/text.js';
import { CHECKPOINT } from './file-names.js';
import type { VindexLayout } from './layout.js';
import { capProblems, problem, type VindexProblem, type VindexReader } from './reading.js';

/** Checks that exactly the required files exist, each with its size. */
export const checkFiles = ({ files, sha256 }: VindexReader, layout: VindexLayout): VindexProblem[] => {
  const present = new Map(files.map(({ path, size }) => [path, size]));
  const missing = [...layout.files.keys()].filter((path) => !present.has(path));
  const others = [...present.keys()].filter((path) => !layout.files.has(path));
  const sizes = [...layout.files].flatMap(([path, expected]) => {
    const size = present.get(path);
    if (size === undefined || (expected === null ? size > 0 : size === expected)) return [];
    return [problem('file-size', path, `It has ${size} bytes${expected === null ? '.' : `; the source implies ${expected}.`}`)];
  });
  return [
    ...missing.toSorted(compareBytes).map((path) => problem('missing-file', path, 'The file is missing; the source implies it.')),
    ...capProblems(
      others
        .filter((path) => path !== CHECKPOINT)
        .toSorted(compareBytes)
        .map((path) => problem('unexpected-file', sanitizeLine(path), 'The source implies no such file.')),
    ),
    ...others
      .filter((path) => path === CHECKPOINT)
      .map((path) =>
        problem('leftover-checkpoint', path, 'larql leaves its checkpoint only if it did not finish: the vindex may mix two runs.'),
      ),
    ...sizes,
    ...[...present.keys()]
      .filter((path) => layout.files.has(path) && !sha256.has(path))
      .map((path) => problem('checksum', path, 'Its digest was not computed.')),
  ];
};
