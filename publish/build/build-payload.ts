import { join } from 'node:path';
import { z } from 'zod';
import { SwpError } from '../../core/error.js';
import type { FileDigests } from '../../core/file-digests.js';
import { makeDirectory, writeAtomic } from '../../core/files.js';
import { Digest } from '../../core/ids.js';
import type { Files, Machine } from '../../core/machine.js';
import type { MtpSelection } from '../../formats/mtp/selection.js';
import { headerSize, parseHeader } from '../../formats/safetensors/header.js';
import type { Hub } from '../../hub/hub.js';
import type { PayloadPlan } from '../../plan/artifact-plan.js';
import { digestOf } from '../../core/digests.js';
import { ManifestFile } from '../../plan/manifest.js';
import { BuildEnvironment } from '../../plan/provenance.js';
import { mtpRecipe, MTP_PAYLOAD, MTP_PAYLOAD_FILES } from '../../plan/plan-mtp.js';
import { SourceProof } from '../../plan/source-proof.js';
import { describeFiles, type DescribedFiles } from '../seal/describe-files.js';
import { readMtpSource } from '../facts/read-mtp-source.js';
import { readPlannedSource } from '../facts/read-source.js';
import { EXTRACTION_WORK, extractMtp } from './mtp/extract-mtp.js';
import type { ReportProgress } from '../progress.js';
import type { HostLarql } from '../facts/host-larql.js';
import type { ScratchLayout } from '../scratch/scratch-layout.js';
import type { SharedInputs } from '../scratch/shared-inputs.js';
import type { Payload } from '../seal/seal.js';
import { buildVindex, checkVindex } from './vindex/build-vindex.js';

/** The last file written into a build: the payload with the digests of its files. */
const RECORD = 'payload.json';
const BuildRecord = z.strictObject({
  recipe: Digest,
  files: z.array(ManifestFile),
  environment: BuildEnvironment.nullable(),
  /** The proof that the bytes read by range are the source's; null for whole files. */
  proof: SourceProof.nullable(),
});

export interface BuildDeps {
  readonly hub: Hub;
  readonly layout: ScratchLayout;
  readonly shared: SharedInputs;
  readonly larql: Pick<HostLarql, 'env' | 'ready'>;
  readonly shouldStop: () => boolean;
}

/** One build: the plan, the workflow that holds the claim, and the progress callback. */
export interface BuildRequest {
  readonly plan: PayloadPlan;
  /** Workflow id of the artifact; the same id holds the claim. */
  readonly holder: string;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}

const readRecord = async (files: Files, directory: string, recipe: Digest): Promise<z.infer<typeof BuildRecord> | null> => {
  try {
    const record = BuildRecord.parse(JSON.parse(await files.readFile(join(directory, RECORD), 'utf8')));
    return record.recipe === recipe ? record : null;
  } catch {
    return null;
  }
};

/** Returns the proof for ranges. The default, for a plan without one, is `double-read`. */
const rangeProof = ({ proof = 'double-read' }: PayloadPlan): SourceProof => proof;

/** Returns the proof for a build that reads ranges; null for a build that reads whole files. */
const proofOf = (plan: PayloadPlan): SourceProof | null => (plan.recipe?.kind === 'mtp' ? rangeProof(plan) : null);

/** Returns true for an error that means damaged files: a file is missing, or differs from what the source gives. */
const isDamage = (error: unknown): boolean =>
  error instanceof SwpError ? error.kind === 'integrity' : error instanceof Error && 'code' in error && error.code === 'ENOENT';

/**
 * Reuses a finished build if three conditions hold: its proof is the planned one, it passes the checks of a fresh
 * build, and the digests found are those in its record. The record alone proves nothing: the same process writes it
 * beside the files.
 */
const reuseBuild = async (deps: BuildDeps, request: BuildRequest, recipe: Digest): Promise<Payload | null> => {
  const directory = deps.layout.build(recipe);
  const record = await readRecord(deps.hub.machine.files, directory, recipe);
  if (record === null || record.proof !== proofOf(request.plan)) return null;
  try {
    const found =
      request.plan.recipe?.kind === 'vindex'
        ? await checkVindex(deps, request, directory, RECORD)
        : await checkMtp(deps, request, directory);
    return digestOf(found.files) === digestOf(record.files) ? { ...found, environment: record.environment } : null;
  } catch (error) {
    if (isDamage(error)) return null;
    throw error;
  }
};

/** Reads the written header back and checks that it parses and lists as many tensors as were selected. */
const checkTensorCount = async (files: Files, path: string, tensors: number): Promise<void> => {
  const file = await files.open(path);
  try {
    const { size } = await file.stat();
    const prefix = Buffer.alloc(8);
    await file.read(prefix, 0, 8, 0);
    const header = Buffer.alloc(headerSize(prefix, size));
    await file.read(header, 0, header.length, 8);
    const parsed = parseHeader(header, size);
    if (parsed.tensors.length !== tensors)
      throw new SwpError('integrity', 'build/invalid', `${MTP_PAYLOAD} holds ${parsed.tensors.length} tensors instead of ${tensors}.`);
  } finally {
    await file.close();
  }
};

/** Derives the selection again from the pinned source and checks that its recipe digest is the planned one. */
const selectAsPlanned = async (hub: Hub, plan: PayloadPlan, signal: AbortSignal) => {
  const { recipe } = plan;
  if (recipe?.kind !== 'mtp') throw new SwpError('internal', 'build/no-recipe', `The plan for ${plan.target.repo} extracts no heads.`);
  const source = await readPlannedSource(hub, plan, signal);
  const selection = await readMtpSource(hub, source, recipe.names, signal);
  const digest = digestOf(mtpRecipe(source, selection));
  if (digest !== plan.recipeDigest)
    throw new SwpError(
      'integrity',
      'build/recipe-differs',
      `${recipe.source.repo} at ${recipe.source.commit} gives recipe ${digest}, but the plan has ${plan.recipeDigest}.`,
    );
  return { source, selection };
};

/**
 * Builds the payload of an artifact into the directory of its recipe. The build gets that name only when it is complete. A
 * crash leaves a partial directory: the next attempt checks and reuses its contents, and never takes it for a result.
 */
export const buildPayload = async (deps: BuildDeps, request: BuildRequest): Promise<Payload> => {
  const { plan } = request;
  const recipe = plan.recipeDigest;
  if (recipe === null) throw new SwpError('internal', 'build/no-recipe', `The plan for ${plan.target.repo} has no recipe.`);
  return deps.shared.builds.run(recipe, () => reuseOrBuild(deps, request, recipe));
};

const reuseOrBuild = async (deps: BuildDeps, request: BuildRequest, recipe: Digest): Promise<Payload> => {
  const { layout } = deps;
  const { machine } = deps.hub;
  const directory = layout.build(recipe);
  const known = await reuseBuild(deps, request, recipe);
  if (known !== null) return known;
  const partial = layout.partialBuild(recipe);
  await makeDirectory(machine.files, partial);
  const payload =
    request.plan.recipe?.kind === 'vindex' ? await buildVindex(deps, request, partial) : await buildMtp(deps, request, partial);
  const { blocks: _blocks, ...record } = payload;
  await writeAtomic(machine, join(partial, RECORD), `${JSON.stringify({ recipe, proof: proofOf(request.plan), ...record })}\n`);
  for (const rest of EXTRACTION_WORK) await machine.files.rm(join(partial, rest), { recursive: true, force: true });
  await machine.files.rm(directory, { recursive: true, force: true });
  await machine.files.rename(partial, directory);
  return payload;
};

const buildMtp = async ({ hub }: Pick<BuildDeps, 'hub'>, { plan, report, signal }: BuildRequest, partial: string): Promise<Payload> => {
  const { source, selection } = await selectAsPlanned(hub, plan, signal);
  const digests = await extractMtp({
    hub,
    source,
    selection,
    proof: rangeProof(plan),
    directory: partial,
    signal,
    onProgress: (doneBytes, totalBytes) => report({ file: MTP_PAYLOAD, doneBytes, totalBytes }),
  });
  return { ...(await describeMtp(hub.machine, partial, selection, signal, digests)), environment: null };
};

/** Validates written MTP heads and describes their files. */
const describeMtp = async (
  machine: Machine,
  directory: string,
  selection: MtpSelection,
  signal: AbortSignal,
  digests?: FileDigests,
): Promise<DescribedFiles> => {
  await checkTensorCount(machine.files, join(directory, MTP_PAYLOAD), selection.outputs.length);
  const known = new Map(MTP_PAYLOAD_FILES.map((path) => [path, path === MTP_PAYLOAD ? digests : undefined]));
  return describeFiles(machine, directory, known, signal);
};

/** Runs the final checks of {@link buildMtp} on MTP heads that an earlier run wrote. */
const checkMtp = async ({ hub }: Pick<BuildDeps, 'hub'>, { plan, signal }: BuildRequest, directory: string): Promise<DescribedFiles> => {
  const { selection } = await selectAsPlanned(hub, plan, signal);
  return describeMtp(hub.machine, directory, selection, signal);
};
