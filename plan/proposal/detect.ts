import { sanitizeLine } from '../../core/text.js';
import type { MtpNames } from '../../formats/mtp/naming.js';
import { planMtpSidecar, type MtpSelection } from '../../formats/mtp/selection.js';
import { extractOptions, type VindexQuant, type VindexSlice } from '../../formats/vindex/extract-options.js';
import { configProblem, sourceProblems, type SourceProblem } from '../../formats/vindex/source-problems.js';
import { describeSource, filesToRead, type ModelKind, type SourceFile } from '../../formats/vindex/source-model.js';
import type { SourceFacts } from '../facts.js';
import { isAssistant } from './assistant.js';
import type { CheckpointFacts, PointerFacts, ProposalFacts } from './model-facts.js';
import { mirrorNotes, visionPlace } from './vision.js';

/** One part that an entry may have: found, with notes about it, or not found, with the reasons. */
export type Part<T> =
  | { readonly found: true; readonly value: T; readonly notes: readonly string[] }
  | { readonly found: false; readonly reasons: readonly string[] };

export interface VindexPart {
  readonly source: SourceFacts;
  readonly quant: VindexQuant;
  readonly slice: VindexSlice;
  readonly kind: ModelKind;
}

export interface MtpPart {
  readonly source: SourceFacts;
  readonly selection: MtpSelection;
}

/** The parts that a model offers to publish, and the reasons against the other parts. */
export interface Detected {
  readonly vindex: Part<VindexPart>;
  readonly mtp: Part<MtpPart>;
  readonly vision: Part<SourceFacts>;
  readonly assistant: Part<PointerFacts>;
}

export interface DetectOptions {
  /** Default: q4k if larql supports it for the model, else none. */
  readonly quant?: VindexQuant;
  readonly slice?: VindexSlice;
  readonly names?: MtpNames;
}

/** The quantisation that fleets use comes first. */
const QUANTS: readonly VindexQuant[] = ['q4k', 'none'];

const none = (...reasons: readonly string[]): { readonly found: false; readonly reasons: readonly string[] } => ({ found: false, reasons });
const found = <T>(value: T, notes: readonly string[] = []): Part<T> => ({ found: true, value, notes });

const problemText = ({ message, fix }: SourceProblem): string => (fix === undefined ? message : `${message} ${fix}`);

/** Returns the files that larql would read, with their tensors if their headers were read. */
const larqlFiles = ({ source, index, files }: CheckpointFacts): SourceFile[] => {
  const paths = source.files.map(({ path }) => path);
  const read = new Set(filesToRead(paths, index?.files));
  const headers = new Map(files.map(({ path, header }) => [path, header.tensors]));
  return source.files
    .filter(({ path }) => read.has(path))
    .map(({ path, size }) => {
      const tensors = headers.get(path);
      return tensors === undefined ? { path, size } : { path, size, tensors };
    });
};

const sliceNote = (kind: ModelKind, quant: VindexQuant, slice: VindexSlice): string[] =>
  kind === 'hybrid' && quant === 'q4k' && slice === 'full'
    ? ['An expert-server slice is also possible, in a separate entry: --slice expert-server.']
    : [];

const detectVindex = (model: CheckpointFacts, { quant: requested, slice = 'full' }: DetectOptions): Part<VindexPart> => {
  if (isAssistant(model.config))
    return none(`${model.source.repo} is a drafter. Add the model that it drafts for: its entry then points to this drafter.`);
  const described = describeSource(model.config, larqlFiles(model));
  if ('faults' in described) return none(problemText(configProblem(described.faults)));
  const { kind } = described.model;
  const refused: string[] = [];
  for (const quant of requested === undefined ? QUANTS : [requested]) {
    const problems = sourceProblems(described.model, extractOptions(quant), slice);
    const blocked = problems.filter(({ verdict }) => verdict === 'blocked');
    if (blocked.length === 0)
      return found({ source: model.source, quant, slice, kind }, [
        ...refused.map((reason) => `Not possible with q4k: ${reason}`),
        ...problems.map(problemText),
        ...sliceNote(kind, quant, slice),
      ]);
    // Report the problems of the quantisation that fleets use, not those of its fallback.
    if (refused.length === 0) refused.push(...blocked.map(problemText));
  }
  return none(...refused);
};

const selectionNotes = ({ problems, binding }: MtpSelection): string[] => [
  ...(binding.drafter === null ? [] : [`Skulk's loader binds the heads with its ${binding.drafter} drafter.`]),
  ...problems.filter(({ severity }) => severity === 'warn').map(({ message }) => message),
];

const detectMtp = (checkpoints: readonly CheckpointFacts[], names: MtpNames | undefined): Part<MtpPart> => {
  const reasons: string[] = [];
  for (const { source, files, index, config, modelOpt } of checkpoints) {
    const selection = planMtpSidecar({ files, ...(index === undefined ? {} : { index }), config, modelOpt }, names);
    const blocked = selection.problems.filter(({ severity }) => severity === 'blocked');
    if (blocked.length === 0) return found({ source, selection }, selectionNotes(selection));
    reasons.push(...blocked.map(({ message }) => `${source.repo}: ${message}`));
    // If a checkpoint has heads that cannot be read, another checkpoint must not provide heads under the same name.
    if (selection.heads > 0) break;
  }
  return none(...(reasons.length === 0 ? ['No checkpoint was searched for heads.'] : reasons));
};

const detectVision = (model: CheckpointFacts, named: SourceFacts | null): Part<SourceFacts> => {
  if (named !== null) return found(named, mirrorNotes(named));
  const { repo } = model.source;
  switch (visionPlace(model)) {
    case 'alone':
      return found(model.source, mirrorNotes(model.source));
    case 'bundled':
      return none(`The files of ${repo} include its vision encoder: there is nothing to mirror.`);
    case 'elsewhere':
      return none(
        `The config of ${repo} describes a vision encoder, but none of its files holds one. Name the repository that holds it with --vision-source.`,
      );
    case 'none':
      return none(`${repo} has no vision encoder.`);
  }
};

const detectAssistant = (assistant: PointerFacts | null, mtp: Part<MtpPart>): Part<PointerFacts> => {
  if (assistant === null) return none('No companion drafter is known.');
  if (!isAssistant(assistant.config)) return none(`The config of ${assistant.repo} does not describe a drafter (model_type …_assistant).`);
  // An entry has heads of its own or a pointer, never both.
  if (mtp.found)
    return none(`${sanitizeLine(mtp.value.source.repo)} has heads of its own, so the entry does not point to ${assistant.repo}.`);
  return found(assistant);
};

/** Detects the parts that a model offers to publish, from facts only. */
export const detect = ({ model, heads, assistant, vision }: ProposalFacts, options: DetectOptions = {}): Detected => {
  const mtp = detectMtp(heads, options.names);
  return {
    vindex: detectVindex(model, options),
    mtp,
    vision: detectVision(model, vision),
    assistant: detectAssistant(assistant, mtp),
  };
};
