import { compareBytes } from '../../core/text.js';
import type { SafetensorsHeader } from '../safetensors/header.js';
import type { SafetensorsIndex } from '../safetensors/index-file.js';
import { layoutTensors, type FileLayout } from '../safetensors/write.js';
import { bindingOf, type Binding } from './binding.js';
import { pairCompanions, type Paired, type WeightWithCompanions } from './companions.js';
import { readModelConfig, type ModelConfig } from './model-config.js';
import { decodingOf } from './decoding.js';
import { familyOf } from './families.js';
import { readMtpKey, type MtpKey, type MtpLayout } from './keys.js';
import { nameOutputs, type MtpNames } from './naming.js';
import { fetchPlan, type FetchPlan } from './fetch-plan.js';
import { cutSlabs, type OutputSlab } from './slabs.js';
import type { MtpProblem } from './problems.js';
import { problemsOf } from './judge.js';
import { shapeText, type DroppedTensor, type OutputTensor, type SourceTensor } from './tensors.js';

export interface CheckpointFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly header: SafetensorsHeader;
}

export interface Checkpoint {
  readonly files: readonly CheckpointFile[];
  readonly index?: Pick<SafetensorsIndex, 'weightMap'>;
  /** The parsed but unvalidated `config.json`. */
  readonly config?: unknown;
  /** The parsed but unvalidated `hf_quant_config.json`. */
  readonly modelOpt?: unknown;
}

/** The contents of a checkpoint's sidecar, their sources, and the problems. */
export interface MtpSelection {
  readonly family: string | null;
  readonly layouts: readonly MtpLayout[];
  readonly heads: number;
  readonly config: ModelConfig;
  readonly names: MtpNames;
  /** All tensors of the heads, with companions; sorted by name, in the order of UTF-8 bytes. */
  readonly tensors: readonly SourceTensor[];
  /** Sorted by output name, in the order of UTF-8 bytes. */
  readonly outputs: readonly OutputTensor[];
  readonly dropped: readonly DroppedTensor[];
  readonly binding: Binding;
  readonly problems: readonly MtpProblem[];
  /** The layout of the file to write. */
  readonly layout: FileLayout;
}

/** The bounded pieces in which the sidecar is read and written; a pure function of the selection. */
export interface Extraction {
  readonly slabs: readonly OutputSlab[];
  readonly fetch: FetchPlan;
}

interface Keyed {
  readonly tensor: SourceTensor;
  readonly key: MtpKey;
}

const selectKeyed = (files: readonly CheckpointFile[], config: ModelConfig): Keyed[] =>
  files
    .flatMap((file) =>
      file.header.tensors.flatMap((tensor) => {
        const key = readMtpKey(tensor.name, config);
        return key === null ? [] : [{ tensor: { ...tensor, file: file.path }, key }];
      }),
    )
    .toSorted((a, b) => compareBytes(a.tensor.name, b.tensor.name) || compareBytes(a.tensor.file, b.tensor.file));

/** Counts the heads; keys without a layer's number (`mtp.fc.weight`) belong to the first head. */
const countHeads = (keys: readonly MtpKey[], { layersPerHead }: ModelConfig): number => {
  if (keys.length === 0) return 0;
  const layers = new Set(keys.flatMap(({ layer }) => (layer === null ? [] : [layer])));
  return Math.max(1, Math.ceil(layers.size / layersPerHead));
};

interface Decoded {
  readonly outputs: readonly OutputTensor[];
  readonly refusals: readonly string[];
  readonly warnings: readonly string[];
}

const decodeAll = (weights: readonly WeightWithCompanions[], config: ModelConfig): Decoded => {
  const outputs: OutputTensor[] = [];
  const refusals: string[] = [];
  const warnings: string[] = [];
  for (const weight of weights) {
    const { weight: source, outputName: name } = weight;
    const decoding = decodingOf(weight, config.quantization);
    if (decoding.how === 'refused') refusals.push(`${source.name}, ${shapeText(source)}: ${decoding.reason}`);
    else if (decoding.how === 'as-is')
      outputs.push({ name, dtype: source.dtype, shape: source.shape, source, quantised: null, part: null });
    else {
      const { quantised } = decoding;
      const shape = [...source.shape.slice(0, -1), quantised.columns];
      outputs.push({ name, dtype: 'BF16', shape, source, quantised, part: null });
      if (decoding.warning !== null) warnings.push(`${source.name}: ${decoding.warning}`);
    }
  }
  return { outputs, refusals, warnings };
};

/**
 * Selects the contents of a checkpoint's sidecar by their keys, with the config as evidence, and reports all problems. The
 * result does not depend on the order of the files.
 */
export const planMtpSidecar = (checkpoint: Checkpoint, names: MtpNames = 'skulk'): MtpSelection => {
  const config = readModelConfig(checkpoint.config, checkpoint.modelOpt);
  const keyed = selectKeyed(checkpoint.files, config);
  const keys = keyed.map(({ key }) => key);
  const tensors = keyed.map(({ tensor }) => tensor);
  const layouts = [...new Set(keys.map(({ layout }) => layout))].toSorted();
  const paired: Paired = pairCompanions(tensors);
  const decoded = decodeAll(paired.weights, config);
  const outputs = nameOutputs(decoded.outputs, names, config).toSorted((a, b) => compareBytes(a.name, b.name));
  const family = familyOf(
    new Set(layouts),
    tensors.map(({ name }) => name),
    config,
  );
  const heads = countHeads(keys, config);
  const binding = bindingOf(outputs);
  const distinct = outputs.filter((output, at) => outputs[at - 1]?.name !== output.name);
  const problems = problemsOf({ checkpoint, config, keys, tensors, paired, decoded, outputs, layouts, family, heads, binding, names });
  const layout = layoutTensors(distinct, { format: 'pt' });
  return { family, layouts, heads, config, names, tensors, outputs: distinct, dropped: paired.dropped, binding, problems, layout };
};

/** Splits a selection into the slabs in which it is fetched, decoded and written. */
export const planExtraction = ({ outputs, layout }: Pick<MtpSelection, 'outputs' | 'layout'>): Extraction => {
  const slabs = cutSlabs(outputs, layout);
  return { slabs, fetch: fetchPlan(slabs) };
};
