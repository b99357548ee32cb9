import type { Entry } from '../../catalog/entry.js';
import type { KnownSidecar } from '../../catalog/source-defaults.js';
import { ownerOf, sameRepo, type ArtifactKind, type CommitSha, type RepoId } from '../../core/ids.js';
import type { SourceFacts } from '../facts.js';
import type { Detected, MtpPart, Part, VindexPart } from './detect.js';
import { mirrorOf, outputOf, sidecarOf, slugOf, vindexKey } from './target-names.js';

export interface ProposalOptions {
  /** Owner of the targets on the Hub. */
  readonly namespace: string;
  readonly only?: ArtifactKind;
  readonly sidecars?: readonly KnownSidecar[];
  /** Directory names of vindexes that other entries have, in lower case: no two entries share one. */
  readonly outputs?: ReadonlySet<string>;
  /** Revisions that the user requested. An entry without a revision means the head of `main`. */
  readonly pinned?: ReadonlySet<CommitSha>;
}

/** The fields of an entry, not yet parsed. */
export type Proposed = { readonly [Field in keyof Entry]?: unknown };

const pin = (field: string, { commit }: SourceFacts, pinned: ReadonlySet<CommitSha> | undefined): Record<string, CommitSha> =>
  pinned?.has(commit) === true ? { [field]: commit } : {};

const vindexFields = ({ source, quant, slice }: VindexPart, { namespace, pinned, outputs }: ProposalOptions): Proposed => {
  const output = outputOf(source.repo, { quant, slice });
  const directory = `${output}.vindex`;
  return {
    source_model: source.repo,
    ...pin('source_revision', source, pinned),
    quant,
    slices: [slice],
    output_name: outputs?.has(directory) === true ? `${namespace.toLowerCase()}-${directory}` : directory,
    hf_repo: `${namespace}/${output}-vindex`,
  };
};

const sharedTarget = (kind: KnownSidecar['kind'], source: RepoId, { namespace, sidecars = [] }: ProposalOptions): RepoId | undefined =>
  sidecars.find((known) => known.kind === kind && sameRepo(known.source, source) && sameRepo(ownerOf(known.target), namespace))?.target;

const mtpFields = ({ source, selection }: MtpPart, options: ProposalOptions): Proposed => ({
  mtp_source_repo: source.repo,
  ...pin('mtp_source_revision', source, options.pinned),
  mtp_sidecar_repo: sharedTarget('mtp', source.repo, options) ?? `${options.namespace}/${sidecarOf(source.repo)}`,
  ...(selection.names === 'source' ? { mtp_names: 'source' } : {}),
});

const visionFields = (source: SourceFacts, options: ProposalOptions): Proposed => ({
  vision_source_repo: source.repo,
  ...pin('vision_source_revision', source, options.pinned),
  vision_sidecar_repo: sharedTarget('vision', source.repo, options) ?? `${options.namespace}/${mirrorOf(source.repo)}`,
});

const keyOf = (vindex: VindexPart | null, mtp: MtpPart | null, vision: SourceFacts | null): string => {
  if (vindex !== null) return vindexKey(vindex.source.repo, vindex);
  if (mtp !== null) return vision === null ? sidecarOf(mtp.source.repo) : slugOf(mtp.source.repo);
  return vision === null ? '' : mirrorOf(vision.repo);
};

const wanted = <T>(kind: ArtifactKind, part: Part<T>, only: ArtifactKind | undefined): T | null =>
  part.found && (only === undefined || only === kind) ? part.value : null;

/** Proposes an entry for the detected parts, named like the built-in entries; returns null if nothing is left to publish. */
export const proposeEntry = (detected: Detected, options: ProposalOptions): Proposed | null => {
  const vindex = wanted('vindex', detected.vindex, options.only);
  const mtp = wanted('mtp', detected.mtp, options.only);
  const vision = wanted('vision', detected.vision, options.only);
  const sources = [vindex?.source, mtp?.source, vision].filter((source) => source !== undefined && source !== null);
  if (sources.length === 0) return null;
  const { assistant } = detected;
  return {
    key: keyOf(vindex, mtp, vision),
    ...(vindex === null ? {} : vindexFields(vindex, options)),
    tier: vindex === null || vindex.kind === 'dense' ? 'smoke' : 'moe',
    ...(sources.some((source) => source.private) ? { private: true } : {}),
    ...(mtp === null ? {} : mtpFields(mtp, options)),
    // A pointer belongs to the model that it drafts for, not to a sidecar.
    ...(assistant.found && vindex !== null && mtp === null ? { assistant_model_repo: assistant.value.repo } : {}),
    ...(vision === null ? {} : visionFields(vision, options)),
  };
};
