import { EXPERT_HEADER, EXPERT_MAGIC, EXPERT_OFFSETS, EXPERT_Q4_K, EXPERT_VERSION } from './expert-file.js';
import type { VindexLayout } from './layout.js';
import { capProblems, problem, type VindexProblem, type VindexReader } from './reading.js';

/** Reads a u64 as a number: a value beyond any file size is unequal to the expected one anyway. */
const u64 = (view: DataView, at: number): number => Number(view.getBigUint64(at, true));

/** Checks a file of `layers/`: its header, the number of experts, and the position of each. */
export const checkExpertFile = async (
  { read }: VindexReader,
  path: string,
  size: number,
  layout: VindexLayout,
): Promise<VindexProblem[]> => {
  const { architecture, config } = layout.model;
  const head = EXPERT_HEADER + architecture.experts * EXPERT_OFFSETS;
  if (size < head) return [problem('header-field', path, `It has ${size} bytes, fewer than its header.`)];
  const bytes = await read(path, 0, head);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== EXPERT_MAGIC) return [problem('magic', path, 'It does not begin with LYRW.')];
  const fields: readonly (readonly [VindexProblem['code'], string, number])[] = [
    ['header-field', 'version', EXPERT_VERSION],
    ['header-field', 'quantisation', EXPERT_Q4_K],
    ['expert-count', 'number of experts', architecture.experts],
    ['header-field', 'width', config.expertIntermediate ?? 0],
    ['header-field', 'hidden size', config.hidden],
  ];
  const problems = fields.flatMap(([code, field, should], at) => {
    const is = view.getUint32(4 + at * 4, true);
    return is === should ? [] : [problem(code, path, `Its ${field} is ${is}; the source implies ${should}.`)];
  });
  if (problems.some(({ code }) => code === 'expert-count')) return problems;
  const places = layout.tensors.filter(({ file }) => file === path).flatMap(({ offset, length }) => [offset, length]);
  const wrong = places.flatMap((should, at) => {
    const is = u64(view, EXPERT_HEADER + at * 8);
    const what = `expert ${Math.floor(at / 4)}, ${['gate and up', 'size of gate and up', 'down', 'size of down'][at % 4]}`;
    return is === should ? [] : [problem('expert-places', path, `Its ${what}: ${is}; the source implies ${should}.`)];
  });
  return [...problems, ...capProblems(wrong)];
};
