import { compareBytes } from '../../core/text.js';
import { ignoredOutputHeads, type Binding } from './binding.js';
import type { Paired } from './companions.js';
import type { ModelConfig } from './model-config.js';
import { isDSpark } from './families.js';
import { readMtpKey, type MtpKey, type MtpLayout } from './keys.js';
import type { MtpNames } from './naming.js';
import { blockedBy, problemsOver, warnOf, type MtpProblem } from './problems.js';
import type { Checkpoint } from './selection.js';
import type { OutputTensor, SourceTensor } from './tensors.js';

interface DiagnosisInput {
  readonly checkpoint: Checkpoint;
  readonly config: ModelConfig;
  readonly keys: readonly MtpKey[];
  readonly tensors: readonly SourceTensor[];
  readonly paired: Paired;
  readonly decoded: { readonly refusals: readonly string[]; readonly warnings: readonly string[] };
  readonly outputs: readonly OutputTensor[];
  readonly layouts: readonly MtpLayout[];
  readonly family: string | null;
  readonly heads: number;
  readonly binding: Binding;
  readonly names: MtpNames;
}

const headProblems = ({ heads, keys, config }: DiagnosisInput): MtpProblem[] => {
  const { claimedHeads: claimed } = config;
  if (heads === 0) {
    const claim = claimed === null || claimed === 0 ? '' : ` Its config claims ${claimed}, but no file contains them.`;
    return [blockedBy('none-found', `The checkpoint has no MTP tensors under any known name.${claim}`)];
  }
  const layers = [...new Set(keys.flatMap(({ layer }) => (layer === null ? [] : [layer])))].toSorted((a, b) => a - b);
  const gap = layers.find((layer, at) => layer !== at);
  return [
    ...(claimed === null || claimed === heads
      ? []
      : [warnOf('head-count', `The config claims ${claimed} MTP heads, but the tensors make ${heads}. SWP keeps all ${heads}.`)]),
    ...(gap === undefined
      ? []
      : [warnOf('head-gap', `Layers of the heads are missing: layer ${gap} is there, but not every layer before it.`)]),
    ...(layers.length % config.layersPerHead === 0
      ? []
      : [
          warnOf(
            'head-count',
            `The config says ${config.layersPerHead} layers per head, but ${layers.length} layers are not a whole number of heads.`,
          ),
        ]),
  ];
};

const indexProblems = ({ checkpoint: { index, files }, config }: DiagnosisInput): MtpProblem[] => {
  if (index === undefined) return [];
  const byFile = new Map(files.map((file) => [file.path, new Set(file.header.tensors.map((tensor) => tensor.name))]));
  const wanted = [...index.weightMap].filter(([name]) => readMtpKey(name, config) !== null).toSorted(([a], [b]) => compareBytes(a, b));
  const missingFiles = [...new Set(wanted.map(([, file]) => file).filter((file) => !byFile.has(file)))].toSorted(compareBytes);
  const missingTensors = wanted.filter(([name, file]) => byFile.get(file)?.has(name) === false).map(([name, file]) => `${name} in ${file}`);
  return [
    ...problemsOver(missingFiles, (shown) => blockedBy('missing-file', `The index names files that the repository lacks: ${shown}.`)),
    ...problemsOver(missingTensors, (shown) => blockedBy('missing-tensor', `The index names tensors that their files lack: ${shown}.`)),
  ];
};

const numberProblems = ({ paired, decoded, config, outputs }: DiagnosisInput): MtpProblem[] => {
  const quantised = outputs.filter((output) => output.quantised !== null).length;
  return [
    ...problemsOver(decoded.refusals, (shown) => blockedBy('undecodable', `SWP cannot decode these tensors with certainty: ${shown}.`)),
    ...problemsOver(
      paired.orphans.map(({ name }) => name),
      (shown) => blockedBy('orphan-scale', `The weights of these scales are missing: ${shown}.`),
    ),
    ...problemsOver(decoded.warnings, (shown) => warnOf('block-size', `The scales contradict the config; SWP uses the scales: ${shown}.`)),
    ...(quantised > 0 && config.quantization === null
      ? [
          warnOf(
            'quantization-unsaid',
            `${quantised} tensors are quantised, but the config does not say so; SWP uses their dtypes and scales.`,
          ),
        ]
      : []),
  ];
};

const repeated = (names: readonly string[]): string[] => [...new Set(names.filter((name, at) => names[at - 1] === name))];

const nameProblems = ({ tensors, outputs, layouts, family, binding, names }: DiagnosisInput): MtpProblem[] => {
  const copies = repeated(tensors.map(({ name }) => name));
  const collisions = copies.length > 0 ? [] : repeated(outputs.map(({ name }) => name));
  const unbound = binding.drafter === null && outputs.length > 0 ? [binding.reason] : [];
  return [
    ...problemsOver(copies, (shown) => blockedBy('two-copies', `Two files contain the same tensor: ${shown}.`)),
    ...problemsOver(collisions, (shown) => blockedBy('two-sources', `Two tensors of the source would get the same name: ${shown}.`)),
    ...(layouts.length > 1 ? [warnOf('mixed-layouts', `The heads use several layouts: ${layouts.join(', ')}.`)] : []),
    ...(isDSpark(family)
      ? [warnOf('not-classic', 'These are DSpark stages, not classic MTP heads: engines that draft with MTP do not load them.')]
      : []),
    ...problemsOver(ignoredOutputHeads(outputs, binding), (shown) =>
      warnOf('own-output-head', `Skulk would draft with the trunk's output head and ignore the heads' own: ${shown}.`),
    ),
    ...unbound.map((reason) =>
      warnOf('not-bound', `Skulk's loader does not bind ${names === 'source' ? 'these names' : 'this sidecar'}: ${reason}.`),
    ),
  ];
};

/** Returns every problem of a sidecar: those that block it, and those that its reviewer should know. */
export const problemsOf = (input: DiagnosisInput): MtpProblem[] => [
  ...headProblems(input),
  ...indexProblems(input),
  ...numberProblems(input),
  ...nameProblems(input),
];
