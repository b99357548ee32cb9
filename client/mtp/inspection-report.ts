import { formatBytes, sanitizeLine, plural } from '../../core/text.js';
import type { MtpSelection } from '../../formats/mtp/selection.js';
import { transformationOf } from '../../formats/mtp/tensors-file.js';
import { shapeText, type OutputTensor, type SourceTensor } from '../../formats/mtp/tensors.js';
import type { SourceFacts } from '../../plan/facts.js';
import { mtpReading } from '../../plan/plan-mtp.js';
import type { Paint } from '../../plan/render/paint.js';

const companionsOf = ({ quantised }: OutputTensor): SourceTensor[] =>
  quantised === null
    ? []
    : [quantised.scales.tensor, quantised.global?.tensor, quantised.shapeTensor].filter((found) => found !== undefined && found !== null);

const place = ({ name, file, dtype, shape, begin, end }: SourceTensor) => ({ name, file, dtype, shape, begin, end });

/** Returns everything known about a checkpoint's heads without reading a tensor. Positions count bytes from the start of a file. */
export const mtpReport = (source: SourceFacts, selection: MtpSelection, proveShards: number) => {
  const { proof, estimate } = mtpReading(selection, source, proveShards);
  const weights = source.files.filter(({ path }) => path.endsWith('.safetensors'));
  return {
    source: { repo: source.repo, commit: source.commit },
    family: selection.family,
    layouts: selection.layouts,
    heads: selection.heads,
    names: selection.names,
    binding: selection.binding,
    proof,
    bytes: {
      checkpoint: weights.reduce((sum, { size }) => sum + size, 0),
      needed: estimate.neededBytes,
      fetched: estimate.fetchBytes,
      sidecar: selection.outputs.length === 0 ? 0 : selection.layout.size,
    },
    tensors: selection.outputs.map((output) => ({
      name: output.name,
      dtype: output.dtype,
      shape: output.shape,
      transformation: transformationOf(output),
      source: place(output.source),
      companions: companionsOf(output).map(place),
    })),
    dropped: selection.dropped.map(({ tensor, reason }) => ({ ...place(tensor), reason })),
    problems: selection.problems,
  };
};
export type MtpReport = ReturnType<typeof mtpReport>;

const count = (text: string): string => sanitizeLine(text, 240);

const tensorLines = ({ tensors, dropped }: MtpReport, paint: Paint): string[] => [
  ...tensors.flatMap(({ name, dtype, shape, transformation, source, companions }) => [
    `  ${count(name)}  ${shapeText({ dtype, shape })}`,
    paint.dim(`    ${transformation}; from ${count(source.name)} ${shapeText(source)} in ${count(source.file)}`),
    ...companions.map((companion) => paint.dim(`    with ${count(companion.name)} ${shapeText(companion)} in ${count(companion.file)}`)),
  ]),
  ...dropped.map(({ name, dtype, shape, reason }) => `  left out: ${count(name)}  ${shapeText({ dtype, shape })}: ${reason}`),
];

/** Formats the report for a terminal, or with a plain paint for a pipe. */
export const mtpReportText = (report: MtpReport, paint: Paint): string => {
  const { source, bytes, binding, problems, proof } = report;
  const share =
    bytes.checkpoint === 0
      ? ''
      : `, ${((bytes.fetched / bytes.checkpoint) * 100).toPrecision(2)} % of its ${formatBytes(bytes.checkpoint)}`;
  return [
    paint.bold(`${source.repo} @ ${source.commit}`),
    `  family   ${report.family ?? 'unknown'}${report.layouts.length === 0 ? '' : ` (${report.layouts.join(', ')})`}`,
    `  heads    ${report.heads}`,
    `  sidecar  ${plural(report.tensors.length, 'tensor')}, ${formatBytes(bytes.sidecar)}, names: ${report.names}`,
    `  reads    ${formatBytes(bytes.fetched)}${share}, of which ${formatBytes(bytes.needed)} are needed; proven by ${proof}`,
    `  Skulk    ${binding.drafter === null ? `does not bind it: ${count(binding.reason)}` : `binds it with its ${binding.drafter} drafter`}`,
    ...(problems.length === 0 ? [] : ['', paint.bold('Problems')]),
    ...problems.map(
      ({ code, severity, message }) =>
        `  ${severity === 'blocked' ? paint.bad('blocked') : paint.careful('warn   ')} ${code}: ${sanitizeLine(message, 2000)}`,
    ),
    ...(report.tensors.length + report.dropped.length === 0 ? [] : ['', paint.bold('Tensors'), ...tensorLines(report, paint)]),
  ].join('\n');
};

export const isBlocked = (selection: Pick<MtpSelection, 'problems'>): boolean =>
  selection.problems.some(({ severity }) => severity === 'blocked');
