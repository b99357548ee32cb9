import { dirname, join } from 'node:path';
import { SwpError } from '../../../core/error.js';
import { makeDirectory } from '../../../core/files.js';
import type { Machine, Files } from '../../../core/machine.js';
import { estimateVindex } from '../../../formats/vindex/estimates.js';
import { layoutOf } from '../../../formats/vindex/layout.js';
import { extractOptions } from '../../../formats/vindex/extract-options.js';
import type { SourceModel } from '../../../formats/vindex/source-model.js';
import { readCommitDate } from '../../../hub/read/commits.js';
import { BLAS, jobDirectories } from '../../../larql/environment.js';
import { extractVindex, sliceVindex, type LarqlJob } from '../../../larql/extract-vindex.js';
import { endLeftover, noteProcess } from '../../../larql/leftover.js';
import type { LarqlProgram } from '../../../larql/find-larql.js';
import { digestOf } from '../../../core/digests.js';
import type { RepoFile } from '../../../hub/repo-file.js';
import type { LarqlFacts, SourceFacts } from '../../../plan/facts.js';
import type { BuildEnvironment } from '../../../plan/provenance.js';
import { vindexRecipe } from '../../../plan/plan-vindex.js';
import type { VindexRecipe } from '../../../plan/recipe.js';
import { readEnvironment, writeEnvironment } from '../build-environment.js';
import { describeFiles, type DescribedFiles } from '../../seal/describe-files.js';
import { readPlannedSource } from '../../facts/read-source.js';
import { readVindexSource } from '../../facts/read-vindex-source.js';
import type { BuildDeps, BuildRequest } from '../build-payload.js';
import type { ReportProgress } from '../../progress.js';
import { spaceCheck } from '../../scratch/capacity.js';
import type { Payload } from '../../seal/seal.js';
import { DAMAGED, readExtractedDigests, writeExtractedDigests, type ExtractedDigests } from './extracted-digests.js';
import { extractedDigest, stagedDigest } from './shared-inputs-of.js';
import { proveVindex, type ProofInput } from './prove-vindex.js';
import { stagedIn, stageSource, type StagedSource } from './stage-source.js';

interface Planned {
  readonly deps: BuildDeps;
  readonly program: LarqlProgram;
  readonly facts: LarqlFacts;
  readonly environment: BuildEnvironment;
  readonly recipe: VindexRecipe;
  readonly source: SourceFacts;
  readonly files: readonly RepoFile[];
  readonly model: SourceModel;
  readonly holder: string;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}

const VINDEX = 'vindex';
const PID = 'larql.json';

/** Derives the recipe again from the pinned source and this host's larql, and checks that it is the planned one. */
const verifyPlanned = async (deps: BuildDeps, { plan, holder, report, signal }: BuildRequest): Promise<Planned> => {
  const { recipe } = plan;
  if (recipe?.kind !== 'vindex') throw new SwpError('internal', 'build/no-recipe', `The plan for ${plan.target.repo} extracts no vindex.`);
  const larql = await deps.larql.ready(signal);
  if (larql === null)
    throw new SwpError('not-found', 'larql/none', 'This host no longer has larql.', {
      hint: 'Install it, or set SWP_LARQL to its path, restart the worker and retry; or move to another host.',
    });
  const source = await readPlannedSource(deps.hub, plan, signal);
  const { files, described } = await readVindexSource(deps.hub, source, signal);
  const { program, facts, environment } = larql;
  const digest = digestOf(vindexRecipe({ ...recipe, source, files, larql: facts, blas: BLAS }));
  if ('faults' in described || digest !== plan.recipeDigest)
    throw new SwpError(
      'integrity',
      'build/recipe-differs',
      facts.sha256 === recipe.larql.sha256
        ? `${recipe.source.repo} at ${recipe.source.commit} gives recipe ${digest}, but the plan has ${plan.recipeDigest}.`
        : `This host's larql has SHA-256 ${facts.sha256}, but the plan has ${recipe.larql.sha256}.`,
      { hint: 'Move to a host with the larql of the plan; or abandon, and start again for a new plan.' },
    );
  return { deps, program, facts, environment, recipe, source, files, model: described.model, holder, report, signal };
};

/** Prepares a larql job in a directory. Ends the larql process of a crashed worker first, if one still runs there. */
const prepareJob = async (
  { deps, program, signal }: Planned,
  root: string,
  staged: StagedSource,
  { directory, outputBytes }: ProofInput,
): Promise<LarqlJob> => {
  const note = join(root, PID);
  const { machine } = deps.hub;
  await endLeftover(machine, note);
  return {
    machine,
    program,
    directories: jobDirectories(root, staged.hubCache),
    env: deps.larql.env,
    signal,
    onStart: (pid) => noteProcess(machine, note, pid),
    shouldStop: deps.shouldStop,
    guard: spaceCheck(machine.files, deps.layout.root, directory, outputBytes),
  };
};

const proofOf = (
  planned: Planned,
  staged: StagedSource,
  slice: VindexRecipe['slice'],
  committedAt: Date,
  directory: string,
  extracted: ExtractedDigests = new Map(),
): ProofInput => {
  const { recipe, model, facts, source, files } = planned;
  const options = extractOptions(recipe.quant, facts.names);
  const estimate = estimateVindex(layoutOf(model, options, 'full'), slice);
  return {
    directory,
    snapshot: staged.snapshot,
    layout: layoutOf(model, options, slice),
    source,
    files,
    recipe,
    recipeDigest: digestOf({ ...recipe, slice }),
    committedAt,
    outputBytes: estimate.slice ?? estimate.output,
    extracted,
  };
};

const stage = async (planned: Planned): Promise<StagedSource> => {
  const { deps, recipe, source, files, holder, report, signal } = planned;
  const directory = await deps.shared.use(stagedDigest(recipe), holder, (partial) =>
    stageSource(deps, source, files, partial, report, signal),
  );
  return stagedIn(directory, source);
};

interface Extraction {
  readonly directory: string;
  readonly environment: BuildEnvironment | null;
  readonly digests: ExtractedDigests;
}

/** Extracts the full vindex, once for all its slices. */
const extractFull = async (planned: Planned, staged: StagedSource, committedAt: Date): Promise<Extraction> => {
  const { deps, environment, recipe, model, source, holder, report, signal } = planned;
  const { machine } = deps.hub;
  const directory = await deps.shared.use(extractedDigest(recipe), holder, async (partial) => {
    const output = join(partial, VINDEX);
    // Always start clean: larql resumes a checkpoint of other options as its own, and does not delete foreign files.
    await machine.files.rm(output, { recursive: true, force: true });
    const proof = proofOf(planned, staged, 'full', committedAt, output);
    await extractVindex({
      ...(await prepareJob(planned, partial, staged, proof)),
      model: source.repo,
      output,
      quant: recipe.quant,
      layers: model.config.layers,
      outputBytes: proof.outputBytes,
      onProgress: ({ stage: file, layersDone, layers, secondsLeft }) =>
        report({
          file,
          note: `layer ${layersDone} of ${layers}${secondsLeft === null ? '' : `, about ${Math.ceil(secondsLeft / 60)} min left`}`,
        }),
    });
    await writeExtractedDigests(machine, partial, await proveVindex(machine, proof, report, signal));
    await writeEnvironment(machine, partial, environment);
    for (const rest of ['home', 'tmp', PID]) await machine.files.rm(join(partial, rest), { recursive: true, force: true });
  });
  const [recorded, digests] = [await readEnvironment(machine.files, directory), await readExtractedDigests(machine.files, directory)];
  return { directory: join(directory, VINDEX), environment: recorded, digests };
};

/** Hard-links the files of the full vindex into a build. Links work, since both are in one scratch directory. */
const linkFiles = async (files: Files, from: string, to: string, paths: Iterable<string>): Promise<void> => {
  for (const path of paths) {
    await makeDirectory(files, dirname(join(to, path)));
    await files.link(join(from, path), join(to, path));
  }
};

/** Returns the digests of files that a slice contains unchanged. A slice's JSON files are excluded: larql writes new ones. */
const unchangedDigests = (slice: VindexRecipe['slice'], digests: ExtractedDigests): ExtractedDigests =>
  slice === 'full' ? digests : new Map([...digests].filter(([path]) => !path.endsWith('.json')));

/**
 * Builds the files of a vindex into a directory, which the caller renames into place. Stages the source, extracts the full
 * vindex, slices it if the recipe says so, and proves the result.
 *
 * @throws SwpError `vindex/extraction-damaged`; the extraction is then discarded
 */
export const buildVindex = async (deps: BuildDeps, request: BuildRequest, partial: string): Promise<Payload> => {
  const planned = await verifyPlanned(deps, request);
  try {
    return await buildPlanned(planned, partial);
  } catch (error) {
    if (error instanceof SwpError && error.code === DAMAGED) await deps.shared.discard(extractedDigest(planned.recipe));
    throw error;
  }
};

const buildPlanned = async (planned: Planned, partial: string): Promise<Payload> => {
  const { deps, recipe, source, report, signal } = planned;
  const { files } = deps.hub.machine;
  const committedAt = await readCommitDate(deps.hub, source.repo, source.commit, { signal });
  const staged = await stage(planned);
  const { directory: full, environment, digests: extracted } = await extractFull(planned, staged, committedAt);
  await files.rm(partial, { recursive: true, force: true });
  const proof = proofOf(planned, staged, recipe.slice, committedAt, partial, unchangedDigests(recipe.slice, extracted));
  if (recipe.slice === 'full') await linkFiles(files, full, partial, proof.layout.files.keys());
  else {
    const work = `${partial}-slice`;
    await files.rm(work, { recursive: true, force: true });
    await makeDirectory(files, work);
    const output = join(work, VINDEX);
    const job = await prepareJob(planned, work, staged, { ...proof, directory: output });
    await sliceVindex({ ...job, source: full, output, bytes: proof.outputBytes });
    await files.rename(output, partial);
    await files.rm(work, { recursive: true, force: true });
  }
  return { ...(await describeProven(deps.hub.machine, proof, report, signal)), environment };
};

/** Proves a vindex and describes its files. */
const describeProven = async (
  machine: Machine,
  proof: ProofInput,
  report: ReportProgress,
  signal: AbortSignal,
): Promise<DescribedFiles> => {
  const digests = await proveVindex(machine, proof, report, signal);
  return describeFiles(machine, proof.directory, digests, signal);
};

/**
 * Runs the final checks of {@link buildVindex} on a vindex that an earlier run built.
 *
 * @param record name of a file in the directory that is not part of the vindex
 */
export const checkVindex = async (deps: BuildDeps, request: BuildRequest, directory: string, record: string): Promise<DescribedFiles> => {
  const planned = await verifyPlanned(deps, request);
  const { recipe, source, report, signal } = planned;
  const committedAt = await readCommitDate(deps.hub, source.repo, source.commit, { signal });
  const proof = proofOf(planned, await stage(planned), recipe.slice, committedAt, directory);
  return describeProven(deps.hub.machine, { ...proof, beside: record }, report, signal);
};
