import { CommitSha, Digest, RepoId } from '../../core/ids.js';
import { generateCheckpoint } from '../../dev/checkpoint/generate.js';
import { planMtpSidecar, type CheckpointFile, type MtpSelection } from '../../formats/mtp/selection.js';
import { headerOfFile } from '../../formats/safetensors/header.js';
import { openIndex } from '../../formats/safetensors/index-file.js';
import { ONE_APPROVAL } from '../../plan/approval.js';
import type { ArtifactPlan } from '../../plan/artifact-plan.js';
import { gitBlobOf, sha256Of } from '../../core/digests.js';
import { CARD_PATH, fillCard } from '../../plan/card.js';
import type { DecisionRecord } from '../../plan/decision.js';
import type { RepoFile } from '../../hub/repo-file.js';
import type { LastPublish, SourceFacts, TargetFacts } from '../../plan/facts.js';
import { describeBytes, makeManifest, manifestDigest, type Manifest, type ManifestFile } from '../../plan/manifest.js';
import { MTP_PAYLOAD, MTP_TENSORS, planMtp, type MtpPlanInput } from '../../plan/plan-mtp.js';
import { makeProvenance, PROVENANCE_PATH, provenanceText } from '../../plan/provenance.js';
import type { ApprovalTerms } from '../../plan/reviewer.js';

export const SOURCE = RepoId.parse('Qwen/Qwen3.5-9B-Base');
export const TARGET = RepoId.parse('FoxlightAI/qwen3-5-9b-base-mtp');
export const TOOLS = { swp: '0.1.0' };
export const commit = (digit: string): CommitSha => CommitSha.parse(digit.repeat(40));

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

export const bytesFile = (path: string, bytes: Uint8Array): RepoFile => ({
  path,
  size: bytes.byteLength,
  gitBlob: gitBlobOf(bytes),
  lfs: path.endsWith('.safetensors') ? sha256Of(bytes) : null,
});

export const { files: CHECKPOINT } = generateCheckpoint({ seed: 11, size: 'small' });

export const sourceFacts = (over: Partial<SourceFacts> = {}): SourceFacts => ({
  repo: SOURCE,
  commit: commit('a'),
  private: false,
  gated: false,
  license: { id: 'apache-2.0', name: null, link: null },
  files: [...CHECKPOINT].map(([path, bytes]) => bytesFile(path, bytes)),
  ...over,
});

export const checkpointFiles = (files: ReadonlyMap<string, Uint8Array> = CHECKPOINT): CheckpointFile[] =>
  [...files]
    .filter(([path]) => path.endsWith('.safetensors'))
    .map(([path, bytes]) => ({ path, size: bytes.byteLength, header: headerOfFile(bytes) }));

export const selectionOf = (files: ReadonlyMap<string, Uint8Array> = CHECKPOINT): MtpSelection => {
  const bytes = (path: string): Uint8Array => files.get(path) ?? new Uint8Array();
  const index = openIndex(() => true);
  index.feed(bytes('model.safetensors.index.json'));
  return planMtpSidecar({
    files: checkpointFiles(files),
    index: index.end(),
    config: JSON.parse(new TextDecoder().decode(bytes('config.json'))),
  });
};

export const absentTarget = (): TargetFacts => ({
  repo: TARGET,
  exists: false,
  head: null,
  private: false,
  files: [],
  lastPublish: null,
  unreadablePublish: null,
});

export const planInput = (over: Partial<MtpPlanInput> = {}): MtpPlanInput => ({
  source: sourceFacts(),
  selection: selectionOf(),
  target: absentTarget(),
  private: false,
  tools: TOOLS,
  proveShards: 1.5,
  ...over,
});

export const PLAN_DIGEST = Digest.parse(`sha256:${'5'.repeat(64)}`);
/** One approval of any name is enough. */
export const ANYBODY: ApprovalTerms = { policy: ONE_APPROVAL, startedBy: null };
export const DECISION: DecisionRecord = {
  round: 1,
  plan: PLAN_DIGEST,
  verdict: 'approve',
  reviewer: 'ada',
  at: '2026-01-02T03:04:05.000Z',
};

/** The record that a publish of this plan leaves: its provenance, and the text of the provenance. */
export const recordOf = (
  plan: ArtifactPlan,
  target: RepoId,
  manifest: Manifest,
  tools: Readonly<Record<string, string>> = TOOLS,
): { readonly last: LastPublish; readonly text: Uint8Array } => {
  const provenance = makeProvenance({
    entry: 'foxlight/x',
    target,
    recipe: plan.recipe!,
    recipeDigest: plan.recipeDigest!,
    planDigest: PLAN_DIGEST,
    decisions: [DECISION],
    manifest,
    tools,
    environment: null,
    proof: plan.proof,
  });
  const text = encode(provenanceText(provenance));
  return { text, last: { commit: commit('b'), manifestDigest: manifestDigest(manifest), provenance, provenanceBlob: gitBlobOf(text) } };
};

/** The target as a publish of this plan leaves it, with the record of that publish. */
export const publishedTarget = (plan: ArtifactPlan, tools: Readonly<Record<string, string>> = TOOLS): TargetFacts => {
  const payload: ManifestFile = { path: MTP_PAYLOAD, size: selectionOf().layout.size, sha256: sha256Of('payload') };
  const license = describeBytes('LICENSE', CHECKPOINT.get('LICENSE')!);
  const tensors = encode('{}');
  const listed = makeManifest([payload, license, describeBytes(MTP_TENSORS, tensors)]).files;
  const card = encode(fillCard(plan.card!.template, PLAN_DIGEST, listed));
  const manifest = makeManifest([...listed, describeBytes(CARD_PATH, card)]);
  const { last, text } = recordOf(plan, TARGET, manifest, tools);
  const files = [
    { path: MTP_PAYLOAD, size: payload.size, gitBlob: gitBlobOf(encode('pointer')), lfs: payload.sha256 },
    bytesFile(MTP_TENSORS, tensors),
    bytesFile('LICENSE', CHECKPOINT.get('LICENSE')!),
    bytesFile(CARD_PATH, card),
    bytesFile(PROVENANCE_PATH, text),
  ];
  return { repo: TARGET, exists: true, head: commit('b'), private: false, files, lastPublish: last, unreadablePublish: null };
};

export const plan = (over: Partial<MtpPlanInput> = {}): ArtifactPlan => planMtp(planInput(over));
