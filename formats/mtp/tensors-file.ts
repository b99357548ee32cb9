import type { CommitSha, RepoId, Sha256 } from '../../core/ids.js';
import type { FetchRange } from '../ranges.js';
import type { MtpSelection } from './selection.js';
import type { OutputSlab } from './slabs.js';
import type { OutputTensor, SourceTensor } from './tensors.js';

/** Digests of the bytes that were read for a slab: its weights, and its scales if it has any. */
export interface SlabDigests {
  readonly weight: Sha256;
  readonly scale: Sha256 | null;
}

interface HashedRange {
  readonly begin: number;
  readonly end: number;
  readonly sha256: Sha256;
}

interface ReadTensor {
  readonly role: 'weight' | 'scale' | 'second-scale' | 'shape';
  readonly name: string;
  readonly file: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** The ranges that this output was made from, in order; offsets from the start of the file. */
  readonly ranges: readonly HashedRange[];
}

export interface TensorsFile {
  readonly version: 1;
  readonly source: { readonly repo: RepoId; readonly commit: CommitSha };
  readonly names: MtpSelection['names'];
  readonly tensors: readonly {
    readonly name: string;
    readonly dtype: string;
    readonly shape: readonly number[];
    readonly transformation: string;
    readonly read: readonly ReadTensor[];
  }[];
  readonly dropped: readonly { readonly name: string; readonly file: string; readonly dtype: string; readonly reason: string }[];
}

const CODE_NAMES = { e4m3: 'FP8 E4M3', e5m2: 'FP8 E5M2', e2m1: 'FP4 E2M1', int4: 'INT4' } as const;

const decodingText = ({ quantised }: OutputTensor): string => {
  if (quantised === null) return 'as it is';
  const { code, scales, global } = quantised;
  const second = global === null ? '' : `, ${global.joins} by a second scale`;
  return `${CODE_NAMES[code]} × ${scales.format} scales of ${scales.blockRows} × ${scales.blockColumns}${second}, to BF16`;
};

/** Describes the transformation of a tensor, as a phrase without a subject. */
export const transformationOf = (output: OutputTensor): string => {
  const { source, part, name } = output;
  const rows = part === null ? '' : `; rows ${part.firstRow} to ${part.firstRow + part.rows}`;
  return `${decodingText(output)}${rows}${name === source.name ? '' : '; renamed'}`;
};

const distinct = (ranges: readonly HashedRange[]): HashedRange[] =>
  ranges
    .toSorted((a, b) => a.begin - b.begin || a.end - b.end)
    .filter((range, at, all) => at === 0 || range.begin !== all[at - 1]?.begin || range.end !== all[at - 1]?.end);

const describe = (role: ReadTensor['role'], tensor: SourceTensor, ranges: readonly HashedRange[]): ReadTensor => ({
  role,
  name: tensor.name,
  file: tensor.file,
  dtype: tensor.dtype,
  shape: tensor.shape,
  ranges: distinct(ranges),
});

const hashed = (range: FetchRange, sha256: Sha256): HashedRange => ({ begin: range.begin, end: range.end, sha256 });

export interface TensorsFileInput {
  readonly source: { readonly repo: RepoId; readonly commit: CommitSha };
  readonly selection: MtpSelection;
  /** Every slab of the extraction with the digests of its input, in the order of the file. */
  readonly slabs: readonly { readonly slab: OutputSlab; readonly digests: SlabDigests }[];
  readonly constants: ReadonlyMap<SourceTensor, Sha256>;
}

/** Builds the content of `mtp.tensors.json`, a pure function of the selection and the bytes that were read. */
export const makeTensorsFile = ({ source, selection, slabs, constants }: TensorsFileInput): TensorsFile => {
  const byOutput = new Map<OutputTensor, (typeof slabs)[number][]>();
  for (const hashedSlab of slabs) {
    const own = byOutput.get(hashedSlab.slab.output);
    if (own === undefined) byOutput.set(hashedSlab.slab.output, [hashedSlab]);
    else own.push(hashedSlab);
  }
  const constant = (role: ReadTensor['role'], tensor: SourceTensor | null | undefined): ReadTensor[] => {
    const sha256 = tensor === null || tensor === undefined ? undefined : constants.get(tensor);
    return tensor === null || tensor === undefined || sha256 === undefined ? [] : [describe(role, tensor, [hashed(tensor, sha256)])];
  };
  return {
    version: 1,
    source: { repo: source.repo, commit: source.commit },
    names: selection.names,
    tensors: selection.outputs.map((output) => {
      const own = byOutput.get(output) ?? [];
      const scales = own.flatMap(({ slab: { scale }, digests }) =>
        scale === null || digests.scale === null ? [] : [hashed(scale, digests.scale)],
      );
      return {
        name: output.name,
        dtype: output.dtype,
        shape: output.shape,
        transformation: transformationOf(output),
        read: [
          describe(
            'weight',
            output.source,
            own.map(({ slab, digests }) => hashed(slab.weight, digests.weight)),
          ),
          ...(output.quantised === null ? [] : [describe('scale', output.quantised.scales.tensor, scales)]),
          ...constant('second-scale', output.quantised?.global?.tensor),
          ...constant('shape', output.quantised?.shapeTensor),
        ],
      };
    }),
    dropped: selection.dropped.map(({ tensor: { name, file, dtype }, reason }) => ({ name, file, dtype, reason })),
  };
};
