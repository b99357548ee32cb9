import { join } from 'node:path';
import { SwpError } from '../../core/error.js';
import { digestsOf } from '../../core/file-digests.js';
import { makeDirectory, writeAtomic } from '../../core/files.js';
import type { Digest, Sha256 } from '../../core/ids.js';
import type { Hub } from '../../hub/hub.js';
import { readSmallFile } from '../../hub/read/read-small-file.js';
import { assertApproved, decisionsOf, type ApprovedArtifact } from '../../plan/approved.js';
import type { ArtifactPlan, CopiedFile } from '../../plan/artifact-plan.js';
import { CARD_PATH, fillCard } from '../../plan/card.js';
import { describeBytes, makeManifest, Manifest, manifestDigest, manifestText, type ManifestFile } from '../../plan/manifest.js';
import { payloadPaths } from '../../plan/payload.js';
import { type BuildEnvironment, makeProvenance, manifestOf, provenanceText } from '../../plan/provenance.js';
import type { ScratchParts } from '../scratch/scratch-parts.js';
import { readBlockDigests, writeBlockDigests, type BlockDigests } from './block-digests.js';
import { readEnvironment, writeEnvironment } from '../build/build-environment.js';
import type { DescribedFiles } from './describe-files.js';
import { readTarget } from '../facts/read-target.js';
import type { ScratchLayout } from '../scratch/scratch-layout.js';
import type { LocalFile } from './sealed-file.js';

const MANIFEST = 'manifest.json';

/** The files that a plan publishes, before card and license files are added. Files in scratch have block digests. */
export interface Payload extends DescribedFiles {
  /** Environment of the host that computed the files; null if nothing was computed. */
  readonly environment: BuildEnvironment | null;
}

/** The location of a sealed file's bytes: this host's scratch, the pinned source, or the target, which already has them. */
export type SealedBytes = ({ readonly at: 'scratch' } & LocalFile) | { readonly at: 'source' } | { readonly at: 'target' };

export interface SealedFile extends ManifestFile {
  readonly bytes: SealedBytes;
}

export interface Sealed {
  readonly manifest: Manifest;
  readonly digest: Digest;
  readonly files: readonly SealedFile[];
  readonly environment: BuildEnvironment | null;
}

export interface SealDeps {
  readonly hub: Hub;
  readonly layout: ScratchLayout;
}

const recipeOf = (plan: ArtifactPlan): Digest => {
  if (plan.recipeDigest === null || plan.card === null)
    throw new SwpError('internal', 'seal/incomplete-plan', `The plan for ${plan.target.repo} has no recipe or card.`);
  return plan.recipeDigest;
};

const copyFile = async (hub: Hub, plan: ArtifactPlan, copy: CopiedFile, signal: AbortSignal): Promise<Uint8Array> => {
  if (plan.source === null) throw new SwpError('internal', 'seal/no-source', `The plan for ${plan.target.repo} has no source.`);
  return readSmallFile(
    hub,
    { repo: plan.source.repo, commit: plan.source.commit, path: copy.path, maxBytes: copy.size, file: copy },
    { signal },
  );
};

/** Returns the payload of a metadata-only plan: the files that the last publish left in the target. */
export const publishedPayload = async (hub: Hub, plan: ArtifactPlan, signal: AbortSignal): Promise<Payload> => {
  const { lastPublish } = await readTarget(hub, plan.target.repo, signal);
  const paths = payloadPaths(plan);
  const files = lastPublish === null ? [] : manifestOf(lastPublish.provenance).files.filter((file) => paths.has(file.path));
  if (files.length !== paths.size)
    throw new SwpError('stale', 'seal/no-payload', `${plan.target.repo} no longer holds the payload that this plan would keep.`, {
      hint: 'Abandon, and start again for a new plan.',
    });
  return {
    files,
    blocks: new Map(),
    environment: lastPublish?.provenance.predicate.buildDefinition.internalParameters.environment ?? null,
  };
};

/** Fills in the card, copies the license files and writes the manifest. The bytes are fixed after this. */
export const seal = async (deps: SealDeps, approved: ApprovedArtifact, payload: Payload, signal: AbortSignal): Promise<Sealed> => {
  const digest = assertApproved(approved);
  const { plan } = approved;
  const { layout } = deps;
  const { machine } = deps.hub;
  const directory = layout.seal(recipeOf(plan), digest);
  await makeDirectory(machine.files, directory);
  const blocks = new Map<string, readonly Sha256[]>(payload.blocks);
  const write = async (path: string, bytes: Uint8Array): Promise<ManifestFile> => {
    await writeAtomic(machine, join(directory, path), bytes);
    blocks.set(path, digestsOf(bytes).blocks);
    return describeBytes(path, bytes);
  };
  const copies: ManifestFile[] = [];
  for (const copy of plan.copies) copies.push(await write(copy.path, await copyFile(deps.hub, plan, copy, signal)));
  const listed = makeManifest([...payload.files, ...copies]).files;
  const card = new TextEncoder().encode(fillCard(plan.card?.template ?? '', digest, listed));
  const manifest = makeManifest([...listed, await write(CARD_PATH, card)]);
  const { environment } = payload;
  // A retry on this host reads the environment back for the provenance, whose bytes must not change.
  if (environment !== null) await writeEnvironment(machine, directory, environment);
  await writeBlockDigests(machine, directory, manifestDigest(manifest), blocks);
  await writeAtomic(machine, join(directory, MANIFEST), manifestText(manifest));
  return { manifest, digest: manifestDigest(manifest), files: filesOf(deps, plan, digest, manifest, blocks), environment };
};

const filesOf = (
  deps: Pick<SealDeps, 'layout'>,
  plan: ArtifactPlan,
  digest: Digest,
  manifest: Manifest,
  blocks: BlockDigests,
): SealedFile[] => {
  const recipe = recipeOf(plan);
  const payload = payloadPaths(plan);
  const inScratch = (directory: string, { path, size }: ManifestFile): SealedBytes => {
    const own = blocks.get(path);
    if (own === undefined) throw new SwpError('integrity', 'seal/missing', `The record of the sealed blocks of ${path} is missing.`);
    return { at: 'scratch', path: join(directory, path), size, blocks: own };
  };
  const locate = (file: ManifestFile): SealedBytes => {
    if (!payload.has(file.path)) return inScratch(deps.layout.seal(recipe, digest), file);
    if (plan.action === 'metadata-only') return { at: 'target' };
    return plan.mirrored === undefined ? inScratch(deps.layout.build(recipe), file) : { at: 'source' };
  };
  return manifest.files.map((file) => ({ ...file, bytes: locate(file) }));
};

/**
 * Reads a sealed artifact back for upload and commit.
 *
 * @throws SwpError `seal/missing` if it cannot be read back, `seal/differs` if it is not the one that was sealed
 */
export const openSealed = async (
  deps: Pick<ScratchParts, 'machine' | 'layout'>,
  approved: ApprovedArtifact,
  expected: Digest,
): Promise<Sealed> => {
  const digest = assertApproved(approved);
  const { plan } = approved;
  const { machine } = deps;
  const directory = deps.layout.seal(recipeOf(plan), digest);
  let manifest: Manifest;
  let blocks: BlockDigests;
  let environment: BuildEnvironment | null;
  try {
    manifest = Manifest.parse(JSON.parse(await machine.files.readFile(join(directory, MANIFEST), 'utf8')));
    blocks = await readBlockDigests(machine, directory, manifestDigest(manifest), manifest.files);
    environment = await readEnvironment(machine.files, directory);
  } catch (cause) {
    throw new SwpError('integrity', 'seal/missing', `The sealed files for ${plan.target.repo} are not in this host's scratch.`, {
      cause,
      hint: 'Continue with `swp move`: SWP builds the artifact again on another host.',
    });
  }
  if (manifestDigest(manifest) !== expected)
    throw new SwpError(
      'integrity',
      'seal/differs',
      `Scratch holds manifest ${manifestDigest(manifest)} for ${plan.target.repo}; the sealed manifest is ${expected}.`,
    );
  const files = filesOf(deps, plan, digest, manifest, blocks);
  for (const file of files) {
    const found = file.bytes.at === 'scratch' ? await machine.files.stat(file.bytes.path).catch(() => null) : file;
    if (found?.size !== file.size)
      throw new SwpError('integrity', 'seal/differs', `${file.path} in scratch is not the file that was sealed.`, {
        hint: 'Continue with `swp move`: SWP builds the artifact again on another host.',
      });
  }
  return { manifest, digest: expected, files, environment };
};

const LOST = new Set(['seal/missing', 'seal/differs']);

/** Returns true for an error that means that sealed files are missing or differ: the artifact has to be built again. */
export const isSealLost = (error: unknown): boolean => error instanceof SwpError && LOST.has(error.code);

/**
 * Renders `provenance.json`. It is a pure function of plan, decisions and sealed files, so that every retry has the
 * same bytes.
 */
export const renderProvenance = (
  approved: ApprovedArtifact,
  { manifest, environment }: Pick<Sealed, 'manifest' | 'environment'>,
): Uint8Array => {
  const { plan, decision, entryName } = approved;
  if (plan.recipe === null || plan.recipeDigest === null)
    throw new SwpError('internal', 'seal/incomplete-plan', `The plan for ${plan.target.repo} has no recipe.`);
  const provenance = makeProvenance({
    entry: entryName,
    target: plan.target.repo,
    recipe: plan.recipe,
    recipeDigest: plan.recipeDigest,
    planDigest: decision.plan,
    decisions: decisionsOf(approved),
    manifest,
    tools: plan.tools,
    environment,
    proof: plan.proof,
  });
  return new TextEncoder().encode(provenanceText(provenance));
};
