import { DOWN_META } from './file-names.js';
import { downMetaLayer, type VindexLayout } from './layout.js';
import { capProblems, problem, type VindexProblem, type VindexReader } from './reading.js';

/** The first bytes are `TEMD` (larql-vindex/src/format/down_meta.rs; larql's documentation states the reverse order). */
const MAGIC = 0x44_4d_45_54;
const VERSION = 1;
const HEADER = 16;

const u32 = (bytes: Uint8Array, at: number): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);

/** Checks the header of `down_meta.bin` and the number of features of each layer; `checkFiles` checks the size. */
export const checkDownMeta = async ({ read }: VindexReader, size: number, layout: VindexLayout): Promise<VindexProblem[]> => {
  if (size < HEADER) return [problem('header-field', DOWN_META, `It has ${size} bytes, fewer than its header.`)];
  const { downTopK } = layout.options;
  const header = await read(DOWN_META, 0, HEADER);
  const expected: readonly (readonly [string, number])[] = [
    ['version', VERSION],
    ['layers', layout.downFeatures.length],
    ['top_k', downTopK],
  ];
  const problems = expected.flatMap(([field, should], at) => {
    const is = u32(header, 4 + at * 4);
    return is === should ? [] : [problem('header-field', DOWN_META, `Its ${field} is ${is}; the source implies ${should}.`)];
  });
  if (u32(header, 0) !== MAGIC) problems.unshift(problem('magic', DOWN_META, 'It does not begin with TEMD.'));
  if (problems.length > 0) return problems;
  let at = HEADER;
  for (const [layer, should] of layout.downFeatures.entries()) {
    if (at + 4 > size) return [...capProblems(problems), problem('feature-count', DOWN_META, `It ends before layer ${layer}.`)];
    const is = u32(await read(DOWN_META, at, at + 4), 0);
    if (is !== should)
      problems.push(problem('feature-count', DOWN_META, `Layer ${layer} has ${is} features; the source implies ${should}.`));
    at += downMetaLayer(is, downTopK);
  }
  return capProblems(problems);
};
