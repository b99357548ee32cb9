import { compareBytes } from '../../core/text.js';
import type { Dtype } from '../dtype.js';
import type { SafetensorsHeader, TensorInfo } from '../safetensors/header.js';
import type { SafetensorsIndex } from '../safetensors/index-file.js';
import { layoutTensors, type FileLayout } from '../safetensors/write.js';
import { claimedHeads } from './config.js';
import { someOf, type MtpProblem } from './problems.js';

/** A tensor of the heads, where its bytes lie in the source. Bytes from the start of the file. */
export interface SelectedTensor extends TensorInfo {
  readonly file: string;
}

export interface MtpSelection {
  /** By name, in the order of UTF-8 bytes. */
  readonly tensors: readonly SelectedTensor[];
  readonly heads: number;
  readonly problems: readonly MtpProblem[];
  /** The file that will be written. */
  readonly layout: FileLayout;
  /** Bytes of the selected tensors. */
  readonly neededBytes: number;
}

export interface CheckpointFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly header: SafetensorsHeader;
}

export interface Checkpoint {
  readonly files: readonly CheckpointFile[];
  readonly index?: SafetensorsIndex;
  /** The parsed `config.json`, whatever it holds. */
  readonly config?: unknown;
}

const MTP_KEY = /(^|\.)mtp\./;
const HEAD_KEY = /(?:^|\.)mtp\.(?:layers\.)?(\d+)\./;
/** Fused experts have no `.weight`; Skulk's loader wants one tensor an expert. */
const FUSED_EXPERTS = /\.experts\.(gate_up_proj|down_proj)$/;

/** These pass through byte for byte: heads stay unquantised, and narrowing F32 would break routing biases. */
const PASSED: ReadonlySet<Dtype> = new Set(['BF16', 'F16', 'F32']);

const selectTensors = (files: readonly CheckpointFile[]): SelectedTensor[] =>
  files
    .flatMap((file) => file.header.tensors.filter((tensor) => MTP_KEY.test(tensor.name)).map((tensor) => ({ ...tensor, file: file.path })))
    .toSorted((a, b) => compareBytes(a.name, b.name) || compareBytes(a.file, b.file));

/** Keys without a head's number (`mtp.fc.weight`) belong to the first head. */
const countHeads = (tensors: readonly SelectedTensor[]): number => {
  const numbered = new Set(tensors.flatMap(({ name }) => HEAD_KEY.exec(name)?.[1] ?? []));
  return tensors.length === 0 ? 0 : Math.max(1, numbered.size);
};

const indexProblems = (checkpoint: Checkpoint): MtpProblem[] => {
  const { index, files } = checkpoint;
  if (index === undefined) return [];
  const byFile = new Map(files.map((file) => [file.path, new Set(file.header.tensors.map((tensor) => tensor.name))]));
  const wanted = [...index.weightMap].filter(([name]) => MTP_KEY.test(name)).toSorted(([a], [b]) => compareBytes(a, b));
  const goneFiles = [...new Set(wanted.map(([, file]) => file).filter((file) => !byFile.has(file)))].toSorted(compareBytes);
  const goneTensors = wanted.filter(([name, file]) => byFile.get(file)?.has(name) === false).map(([name, file]) => `${name} in ${file}`);
  return [
    ...(goneFiles.length === 0
      ? []
      : [
          {
            code: 'missing-file',
            severity: 'blocked',
            message: `The index names files that the repository lacks: ${someOf(goneFiles)}.`,
          } as const,
        ]),
    ...(goneTensors.length === 0
      ? []
      : [
          {
            code: 'missing-tensor',
            severity: 'blocked',
            message: `The index names tensors that their files lack: ${someOf(goneTensors)}.`,
          } as const,
        ]),
  ];
};

const duplicateProblems = (tensors: readonly SelectedTensor[]): MtpProblem[] => {
  const twice = tensors.filter((tensor, at) => tensors[at - 1]?.name === tensor.name).map(({ name }) => name);
  return twice.length === 0 ? [] : [{ code: 'two-copies', severity: 'blocked', message: `Two files hold ${someOf([...new Set(twice)])}.` }];
};

const dtypeProblems = (tensors: readonly SelectedTensor[]): MtpProblem[] => {
  const strange = tensors.filter(({ dtype }) => !PASSED.has(dtype)).map(({ name, dtype }) => `${name} (${dtype})`);
  return strange.length === 0
    ? []
    : [
        {
          code: 'unsupported-dtype',
          severity: 'blocked',
          message: `Quantised or unknown numbers that this version does not decode: ${someOf(strange)}. BF16, F16 and F32 pass through.`,
        },
      ];
};

const headProblems = (heads: number, claimed: number | null): MtpProblem[] => {
  if (heads === 0) {
    const claim = claimed === null || claimed === 0 ? '' : ` Its config claims ${claimed}, but no file holds them.`;
    return [{ code: 'none-found', severity: 'blocked', message: `The checkpoint has no MTP tensors (keys with "mtp.").${claim}` }];
  }
  return claimed === null || claimed === heads
    ? []
    : [{ code: 'head-count', severity: 'warn', message: `The config claims ${claimed} MTP heads, the tensors make ${heads}.` }];
};

const bindingProblems = (tensors: readonly SelectedTensor[]): MtpProblem[] => {
  const fused = tensors.filter(({ name }) => FUSED_EXPERTS.test(name)).map(({ name }) => name);
  return fused.length === 0
    ? []
    : [{ code: 'not-bound', severity: 'warn', message: `Skulk's loader does not bind fused experts: ${someOf(fused)}.` }];
};

/**
 * Decides by keys what the sidecar of a checkpoint holds, with everything that speaks against it. The result
 * does not depend on the order of the files.
 */
export const planMtpSidecar = (checkpoint: Checkpoint): MtpSelection => {
  const tensors = selectTensors(checkpoint.files);
  const heads = countHeads(tensors);
  const problems = [
    ...headProblems(heads, claimedHeads(checkpoint.config)),
    ...indexProblems(checkpoint),
    ...duplicateProblems(tensors),
    ...dtypeProblems(tensors),
    ...bindingProblems(tensors),
  ];
  const layout = layoutTensors(tensors, { format: 'pt' });
  return { tensors, heads, problems, layout, neededBytes: tensors.reduce((sum, tensor) => sum + tensor.end - tensor.begin, 0) };
};
