import { formatBytes, plural } from '../core/text.js';
import { planExtraction, type MtpSelection } from '../formats/mtp/selection.js';
import type { OutputTensor, SourceTensor } from '../formats/mtp/tensors.js';
import type { ArtifactPlan } from './artifact-plan.js';
import { mtpCardTemplate } from './card-mtp.js';
import { digestOf } from '../core/digests.js';
import { blocked, ok, warn, type Check } from './checks.js';
import type { SourceFacts, TargetFacts } from './facts.js';
import { checkFileSizes } from './hub-limits.js';
import { licenseFiles } from './licenses.js';
import { planPublish, type Estimate, type PublishFacts } from './publish-plan.js';
import { CONVERSIONS, type MtpRecipe } from './recipe.js';
import { chooseProof, proofBytes, proofCheck, type SourceProof } from './source-proof.js';

export const MTP_PAYLOAD = 'mtp.safetensors';
/** Lists the origin of each tensor in the payload. */
export const MTP_TENSORS = 'mtp.tensors.json';
export const MTP_PAYLOAD_FILES: readonly string[] = [MTP_PAYLOAD, MTP_TENSORS];

export interface MtpPlanInput extends PublishFacts {
  readonly selection: MtpSelection;
  /** See {@link chooseProof}. */
  readonly proveShards: number;
}

const describeTensors = ({ family, layouts, heads, outputs, dropped }: MtpSelection, neededBytes: number): string => {
  const decoded = outputs.filter((output) => output.quantised !== null).length;
  const how = decoded === 0 ? 'all unchanged' : `${decoded} decoded to BF16, ${outputs.length - decoded} unchanged`;
  const left = dropped.length === 0 ? '' : ` ${plural(dropped.length, 'companion')} left out.`;
  return `${family ?? 'Unknown family'} (${layouts.join(', ')}): ${plural(heads, 'MTP head')}, ${plural(outputs.length, 'tensor')}, ${how}; ${formatBytes(neededBytes)} needed.${left}`;
};

const checkSelection = (selection: MtpSelection, neededBytes: number): Check[] => [
  ...(selection.outputs.length === 0
    ? []
    : [
        ok('mtp-tensors', describeTensors(selection, neededBytes)),
        ...(selection.binding.drafter === null ? [] : [ok('mtp-bound', `Skulk binds it with its ${selection.binding.drafter} drafter.`)]),
      ]),
  ...selection.problems.map((problem): Check =>
    problem.severity === 'blocked' ? blocked(`mtp-${problem.code}`, problem.message) : warn(`mtp-${problem.code}`, problem.message),
  ),
];

/** Warns if the payload keeps its size: nodes keep a file of the published size, and would never load the new bytes. */
const checkSameSize = (target: TargetFacts, size: number, payloadSame: boolean): Check[] => {
  const published = target.files.find((file) => file.path === MTP_PAYLOAD);
  if (payloadSame || published?.size !== size) return [];
  return [
    warn(
      'mtp-same-size',
      `${MTP_PAYLOAD} would have exactly the size of the published one, so Skulk nodes that hold the old file keep it.`,
      `Publish under a new repository name (such as ${target.repo}-r2) and name it in the model's card, or delete the sidecar on every node.`,
    ),
  ];
};

const placeOf = ({ name, dtype, shape, file, begin, end }: SourceTensor) => ({ name, dtype, shape, file, begin, end });

/** Returns everything that determines the bytes of one output. */
const tensorInputsOf = ({ name, dtype, shape, source, quantised, part }: OutputTensor) => ({
  name,
  dtype,
  shape,
  source: placeOf(source),
  part,
  decoded:
    quantised === null
      ? null
      : {
          code: quantised.code,
          scales: {
            tensor: placeOf(quantised.scales.tensor),
            format: quantised.scales.format,
            blockRows: quantised.scales.blockRows,
            blockColumns: quantised.scales.blockColumns,
          },
          global: quantised.global === null ? null : { tensor: placeOf(quantised.global.tensor), joins: quantised.global.joins },
          shape: quantised.shapeTensor === null ? null : placeOf(quantised.shapeTensor),
        },
});

export const mtpRecipe = (source: Pick<SourceFacts, 'repo' | 'commit'>, selection: MtpSelection): MtpRecipe => ({
  kind: 'mtp',
  conversion: CONVERSIONS.mtp,
  source: { repo: source.repo, commit: source.commit },
  names: selection.names,
  selection: { tensors: selection.outputs.length, digest: digestOf(selection.outputs.map(tensorInputsOf)) },
});

/** Chooses the proof that the bytes of heads are the source's, and estimates a build with it. */
export const mtpReading = (
  selection: MtpSelection,
  { files }: Pick<SourceFacts, 'files'>,
  proveShards: number,
): { readonly proof: SourceProof; readonly check: Check; readonly estimate: Estimate } => {
  const { fetch } = planExtraction(selection);
  const proof = chooseProof(fetch, files, proveShards);
  const { readBytes, stagedBytes } = proofBytes(fetch, files, proof);
  const { size } = selection.layout;
  const estimate = { fetchBytes: readBytes, neededBytes: fetch.neededBytes, outputBytes: size, scratchBytes: size + stagedBytes };
  return { proof, check: proofCheck(fetch, files, proof), estimate };
};

/** Makes the complete plan of an MTP sidecar from facts about source and target. Pure: equal facts give equal plans. */
export const planMtp = (input: MtpPlanInput): ArtifactPlan => {
  const { source, selection, target } = input;
  const recipe = mtpRecipe(source, selection);
  const { proof, check, estimate } = mtpReading(selection, source, input.proveShards);
  const copies = licenseFiles(source);
  const { size } = selection.layout;
  return planPublish({
    ...input,
    recipe,
    proof,
    payload: [
      { path: MTP_PAYLOAD, reason: `the MTP heads of ${source.repo} at ${source.commit.slice(0, 12)}` },
      { path: MTP_TENSORS, reason: 'the source of each tensor' },
    ],
    copies,
    card: (shared) =>
      mtpCardTemplate({
        ...shared,
        heads: selection.heads,
        tensors: selection.outputs.length,
        decoded: selection.outputs.filter((output) => output.quantised !== null).length,
        names: selection.names,
        payloadBytes: size,
        copied: copies.map((copy) => copy.path),
      }),
    checks: ({ payloadSame }) => [
      ...checkSelection(selection, estimate.neededBytes),
      ...(selection.outputs.length === 0 || payloadSame ? [] : [check]),
      ...checkFileSizes([{ path: MTP_PAYLOAD, size }]),
      ...checkSameSize(target, size, payloadSame),
    ],
    estimate,
  });
};
