import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { SwpError } from '../../core/error.js';
import type { FileDigests } from '../../core/file-digests.js';
import { makeDirectory, writeAtomic } from '../../core/files.js';
import { Digest } from '../../core/ids.js';
import { KeyedMutex } from '../../core/keyed-mutex.js';
import type { MtpSelection } from '../../formats/mtp/selection.js';
import { headerSize, parseHeader } from '../../formats/safetensors/header.js';
import type { HubConfig } from '../../hub/config.js';
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
import type { ScratchLayout } from '../scratch/scratch-layout.js';
import type { Payload } from '../seal/seal.js';
import { buildVindex, checkVindex, type VindexDeps } from './vindex/build-vindex.js';

/** Written last into a build: its payload, with the digests of the files. */
const RECORD = 'payload.json';
const BuildRecord = z.strictObject({
  recipe: Digest,
  files: z.array(ManifestFile),
  environment: BuildEnvironment.nullable(),
  /** How the source's bytes were proven, where they were read by range. */
  proof: SourceProof.nullable(),
});

export interface BuildDeps extends VindexDeps {
  readonly layout: ScratchLayout;
}

/** What is built for whom, and who is told of it. */
export interface BuildOrder {
  readonly plan: PayloadPlan;
  /** Workflow id of the artifact, which also holds the claim. */
  readonly holder: string;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}

const readRecord = async (directory: string, recipe: Digest): Promise<z.infer<typeof BuildRecord> | null> => {
  try {
    const record = BuildRecord.parse(JSON.parse(await readFile(join(directory, RECORD), 'utf8')));
    return record.recipe === recipe ? record : null;
  } catch {
    return null;
  }
};

/** A plan that does not say how ranges are proven has them read twice. */
const rangeProof = ({ proof = 'double-read' }: PayloadPlan): SourceProof => proof;

/** How a build proves what it reads by range; null where it reads whole files. */
const proofOf = (plan: PayloadPlan): SourceProof | null => (plan.recipe?.kind === 'mtp' ? rangeProof(plan) : null);

/** Files that are missing, or that are not what the source makes. */
const isDamage = (error: unknown): boolean =>
  error instanceof SwpError ? error.kind === 'integrity' : error instanceof Error && 'code' in error && error.code === 'ENOENT';

/**
 * A finished build is used again when it was proven as planned, passes the checks of a fresh one, and they find the digests
 * of its record. The record proves nothing by itself: it lies beside the files and is written by the same hand.
 */
const reuse = async (deps: BuildDeps, order: BuildOrder, recipe: Digest): Promise<Payload | null> => {
  const directory = deps.layout.build(recipe);
  const record = await readRecord(directory, recipe);
  if (record === null || record.proof !== proofOf(order.plan)) return null;
  try {
    const found =
      order.plan.recipe?.kind === 'vindex' ? await checkVindex(deps, order, directory, RECORD) : await checkMtp(deps, order, directory);
    return digestOf(found.files) === digestOf(record.files) ? { ...found, environment: record.environment } : null;
  } catch (error) {
    if (isDamage(error)) return null;
    throw error;
  }
};

/** Reads the written header back: the file must parse, and hold what was selected. */
const validate = async (path: string, tensors: number): Promise<void> => {
  const file = await open(path);
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

/** The recipe's selection is derived again from the pinned source and must be the planned one. */
const selectAsPlanned = async (hub: HubConfig, plan: PayloadPlan, signal: AbortSignal) => {
  const { recipe } = plan;
  if (recipe?.kind !== 'mtp') throw new SwpError('internal', 'build/no-recipe', `The plan for ${plan.target.repo} extracts no heads.`);
  const source = await readPlannedSource(hub, plan, signal);
  const selection = await readMtpSource(hub, source, recipe.names, signal);
  const digest = digestOf(mtpRecipe(source, selection));
  if (digest !== plan.recipeDigest)
    throw new SwpError(
      'integrity',
      'build/recipe-differs',
      `From ${recipe.source.repo} at ${recipe.source.commit} comes recipe ${digest}; planned was ${plan.recipeDigest}.`,
    );
  return { source, selection };
};

/** Builds that run in this process, by recipe: a second one waits, and finds what the first has made. */
const building = new KeyedMutex<Digest>();

/**
 * Builds the payload of an artifact into the directory of its recipe. It appears under that name only when
 * it is complete; what a crash leaves beside it is checked and used again, and never taken for a result.
 */
export const buildPayload = async (deps: BuildDeps, order: BuildOrder): Promise<Payload> => {
  const { plan } = order;
  const recipe = plan.recipeDigest;
  if (recipe === null) throw new SwpError('internal', 'build/no-recipe', `The plan for ${plan.target.repo} has no recipe.`);
  return building.run(recipe, () => buildAlone(deps, order, recipe));
};

const buildAlone = async (deps: BuildDeps, order: BuildOrder, recipe: Digest): Promise<Payload> => {
  const directory = deps.layout.build(recipe);
  const known = await reuse(deps, order, recipe);
  if (known !== null) return known;
  const partial = deps.layout.partialBuild(recipe);
  await makeDirectory(partial);
  const payload = order.plan.recipe?.kind === 'vindex' ? await buildVindex(deps, order, partial) : await buildMtp(deps, order, partial);
  const { blocks: _blocks, ...record } = payload;
  await writeAtomic(join(partial, RECORD), `${JSON.stringify({ recipe, proof: proofOf(order.plan), ...record })}\n`);
  for (const rest of EXTRACTION_WORK) await rm(join(partial, rest), { recursive: true, force: true });
  await rm(directory, { recursive: true, force: true });
  await rename(partial, directory);
  return payload;
};

const buildMtp = async ({ hub }: Pick<BuildDeps, 'hub'>, { plan, report, signal }: BuildOrder, partial: string): Promise<Payload> => {
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
  return { ...(await describeMtp(partial, selection, signal, digests)), environment: null };
};

/** Validates heads that were written, and describes their files. */
const describeMtp = async (
  directory: string,
  selection: MtpSelection,
  signal: AbortSignal,
  digests?: FileDigests,
): Promise<DescribedFiles> => {
  await validate(join(directory, MTP_PAYLOAD), selection.outputs.length);
  const known = new Map(MTP_PAYLOAD_FILES.map((path) => [path, path === MTP_PAYLOAD ? digests : undefined]));
  return describeFiles(directory, known, signal);
};

/** As the end of {@link buildMtp}, for heads that an earlier run wrote. */
const checkMtp = async ({ hub }: Pick<BuildDeps, 'hub'>, { plan, signal }: BuildOrder, directory: string): Promise<DescribedFiles> => {
  const { selection } = await selectAsPlanned(hub, plan, signal);
  return describeMtp(directory, selection, signal);
};
