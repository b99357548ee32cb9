import { SwpError } from '../../../core/error.js';
import type { Sha256 } from '../../../core/ids.js';
import { truncateList } from '../../../core/text.js';
import type { FetchPlan } from '../../../formats/mtp/fetch-plan.js';
import type { MtpSelection } from '../../../formats/mtp/selection.js';
import type { OutputTensor, SourceTensor } from '../../../formats/mtp/tensors.js';
import type { GlobalScale } from '../../../formats/numbers/decode.js';
import { sha256Of } from '../../../core/digests.js';
import type { NamedRange } from '../double-read.js';

/** Small tensors whose values decoding needs from the start: second-level scales, and shapes stored as tensors. */
export interface Constants {
  readonly digests: ReadonlyMap<SourceTensor, Sha256>;
  readonly globalOf: (output: OutputTensor) => GlobalScale | null;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Checks that a `weight_shape` tensor holds the planned shape: packing may have padded columns. */
const checkShape = (tensor: SourceTensor, bytes: Uint8Array, expected: readonly [number, number]): void => {
  const view = viewOf(bytes);
  const at = (index: number): number =>
    tensor.dtype === 'I64' ? Number(view.getBigInt64(index * 8, true)) : view.getInt32(index * 4, true);
  const found = [at(0), at(1)];
  if (found[0] === expected[0] && found[1] === expected[1]) return;
  throw new SwpError(
    'integrity',
    'build/bad-shape',
    `${tensor.name} gives the shape [${found.join(', ')}], but the packed weight unpacks to [${expected.join(', ')}].`,
    { hint: 'The packing adds padding to the columns, which SWP cannot read. Publish from the unquantised checkpoint.' },
  );
};

/**
 * Reads every small tensor of a selection and checks the shape tensors.
 *
 * @param readProven reads a range and proves that its bytes are the source's
 */
export const readConstants = async (
  plan: FetchPlan,
  selection: MtpSelection,
  readProven: (range: NamedRange) => Promise<Uint8Array>,
): Promise<Constants> => {
  const bytes = new Map<SourceTensor, Uint8Array>();
  for (const range of plan.constantRanges) {
    const inside = plan.constants.filter(({ file, begin, end }) => file === range.file && range.begin <= begin && end <= range.end);
    const held = await readProven({ ...range, what: truncateList(inside.map(({ name }) => name)) });
    for (const tensor of inside) bytes.set(tensor, held.subarray(tensor.begin - range.begin, tensor.end - range.begin));
  }
  const bytesOf = (tensor: SourceTensor): Uint8Array => {
    const found = bytes.get(tensor);
    if (found === undefined) throw new SwpError('internal', 'build/no-constant', `${tensor.name} was not read.`);
    return found;
  };
  for (const { quantised } of selection.outputs)
    if (quantised?.shapeTensor) checkShape(quantised.shapeTensor, bytesOf(quantised.shapeTensor), [quantised.rows, quantised.columns]);
  return {
    digests: new Map([...bytes].map(([tensor, content]) => [tensor, sha256Of(content)])),
    globalOf: ({ quantised }) =>
      quantised === null || quantised.global === null
        ? null
        : { value: viewOf(bytesOf(quantised.global.tensor)).getFloat32(0, true), joins: quantised.global.joins },
  };
};
