import type { Hub } from '../../../hub/hub.js';
import type { PayloadPlan } from '../../../plan/artifact-plan.js';
import type { SourceFacts } from '../../../plan/facts.js';
import { mtpReading } from '../../../plan/plan-mtp.js';
import { vindexEstimate } from '../../../plan/plan-vindex.js';
import { isMirrored } from '../../../plan/plan-vision.js';
import { hostNeeds, NOTHING, type Estimate } from '../../../plan/publish-plan.js';
import type { Recipe } from '../../../plan/recipe.js';
import type { SourceProof } from '../../../plan/source-proof.js';
import { compareBytes } from '../../../core/text.js';
import { buildPayload, type BuildRequest } from '../../build/build-payload.js';
import { readMtpSource } from '../../facts/read-mtp-source.js';
import { readVindexSource } from '../../facts/read-vindex-source.js';
import { readMirroredFiles } from '../../facts/read-mirrored-files.js';
import type { HostLarql } from '../../facts/host-larql.js';
import { listMirrored } from '../../build/mirror.js';
import type { ScratchLayout } from '../../scratch/scratch-layout.js';
import { SharedInputs } from '../../scratch/shared-inputs.js';
import type { Payload } from '../../seal/seal.js';
import { checkSpace } from './preflight.js';

export interface BuildAgainDeps {
  readonly sourceHub: Hub;
  /** Scratch that only this rebuild uses. */
  readonly layout: ScratchLayout;
  readonly larql: HostLarql;
  /** From this machine's settings: a rebuild chooses its own proof, independent of the original build. */
  readonly proveShards: number;
}

/**
 * Reads all files of a mirror from its source, since a mirror has no build. Also reads the large ones, for which a plan
 * trusts the digests that the Hub lists.
 */
const mirrorAgain = async (hub: Hub, source: SourceFacts, { plan, report, signal }: BuildRequest): Promise<Payload> => {
  const totalBytes = source.files.reduce((sum, { path, size }) => (isMirrored(path) ? sum + size : sum), 0);
  let doneBytes = 0;
  const onBytes = (bytes: number, file: string): void => report({ file, doneBytes: (doneBytes += bytes), totalBytes });
  const mirrored = await readMirroredFiles(hub, source, { signal, everything: true, onBytes });
  const sorted = mirrored.toSorted((a, b) => compareBytes(a.path, b.path));
  const { files } = await listMirrored(hub, { ...plan, mirrored: sorted }, signal);
  return { files, blocks: new Map(), environment: null };
};

/**
 * Estimates the resources of the build and chooses its proof, as planning does. A recipe that cannot be built fails in
 * the build.
 */
const planAgain = async (
  { sourceHub, larql, proveShards }: BuildAgainDeps,
  source: SourceFacts,
  recipe: Recipe,
  signal: AbortSignal,
): Promise<{ readonly estimate: Estimate; readonly proof?: SourceProof }> => {
  if (recipe.kind === 'vision') return { estimate: NOTHING };
  if (recipe.kind === 'mtp') return mtpReading(await readMtpSource(sourceHub, source, recipe.names, signal), source, proveShards);
  const { files, described } = await readVindexSource(sourceHub, source, signal);
  const ready = await larql.ready(signal);
  return {
    estimate:
      'faults' in described || ready === null ? NOTHING : vindexEstimate({ ...recipe, files, model: described.model, larql: ready.facts }),
  };
};

/**
 * Builds the payload of a recipe from its pinned source as a worker would, after a check of disk and memory.
 *
 * @param besideBytes bytes of disk that are needed besides the build
 * @throws SwpError `build/recipe-differs`, the errors of {@link checkSpace} and of building
 */
export const buildAgain = async (
  deps: BuildAgainDeps,
  source: SourceFacts,
  request: BuildRequest & { readonly plan: PayloadPlan & { readonly recipe: Recipe } },
  besideBytes: number,
): Promise<Payload> => {
  const { sourceHub: hub, layout, larql } = deps;
  const { machine } = hub;
  const { plan, signal } = request;
  const { estimate, proof } = await planAgain(deps, source, plan.recipe, signal);
  const { diskBytes, memoryBytes } = hostNeeds(estimate);
  await checkSpace(machine, layout.root, { diskBytes: diskBytes + besideBytes, memoryBytes });
  if (plan.recipe.kind === 'vision') return mirrorAgain(hub, source, request);
  return buildPayload(
    { hub, layout, larql, shared: new SharedInputs(machine, layout), shouldStop: () => false },
    { ...request, plan: { ...plan, proof } },
  );
};
