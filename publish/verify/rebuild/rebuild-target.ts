import { join } from 'node:path';
import { SwpError } from '../../../core/error.js';
import { plural, truncateList } from '../../../core/text.js';
import { DOWN_META } from '../../../formats/vindex/file-names.js';
import { INDEX_FILE } from '../../../formats/vindex/index-json.js';
import type { Hub } from '../../../hub/hub.js';
import { CARD_PATH } from '../../../plan/card.js';
import type { ManifestFile } from '../../../plan/manifest.js';
import { manifestOf, type Provenance } from '../../../plan/provenance.js';
import type { Examination } from '../examine-target.js';
import type { ReportProgress } from '../../progress.js';
import type { Payload } from '../../seal/seal.js';
import { checkConversion, checkLarql } from './preflight.js';
import { buildAgain, type BuildAgainDeps } from './build-again.js';
import { compareFiles, differsOnlyInDownMeta, sameEnvironment } from './compare-files.js';
import { comparePublished } from './down-meta.js';
import { reasonOf, type Rebuild, type RebuiltFile } from './result.js';
import { describeCopies, readRecordedSource } from './recorded-source.js';
import { differs, unbuilt } from './unbuilt.js';

export interface RebuildDeps extends BuildAgainDeps {
  /** Reads the target. The source may need another token. */
  readonly hub: Hub;
}

export interface RebuildRequest {
  readonly examination: Examination;
  readonly provenance: Provenance;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}

const HOLDER = 'rebuild';

interface Compared {
  readonly files: readonly RebuiltFile[];
  readonly payload: Payload;
  readonly built: string;
}

/** Classifies the differences. Separates those that another BLAS can cause from all others. */
const diagnoseDifferences = async (deps: RebuildDeps, { examination, provenance, report, signal }: RebuildRequest, compared: Compared) => {
  const { files, payload, built } = compared;
  const wrong = files.filter(({ verdict }) => verdict !== 'equal');
  const recorded = provenance.predicate.buildDefinition.internalParameters.environment ?? null;
  if (wrong.length === 0) return { outcome: 'reproduced', reason: null, downMeta: null } as const;
  const paths = wrong.map(({ path }) => path);
  const tampered = {
    outcome: 'differs',
    reason: reasonOf(
      differs(
        'rebuild/differs',
        `The rebuild gives other bytes for ${plural(wrong.length, 'file')} of ${files.length}: ${truncateList(paths)}.`,
      ),
    ),
    downMeta: null,
  } as const;
  if (!paths.includes(DOWN_META) || sameEnvironment(recorded, payload.environment)) return tampered;
  if (!differsOnlyInDownMeta(files, await deps.hub.machine.files.readFile(join(built, INDEX_FILE), 'utf8'))) return tampered;
  const from = { hub: deps.hub, repo: examination.target, commit: examination.head, directory: join(deps.layout.root, 'published') };
  const downMeta = await comparePublished(from, built, report, signal);
  if (downMeta === null) return tampered;
  const message = `This machine did not reproduce ${DOWN_META}: its numbers differ by at most ${downMeta.largest.toPrecision(3)}, and no other weights differ. It may have been computed with another BLAS or CPU.`;
  const hint = 'Rebuild it on a machine with the CPU and BLAS that were recorded.';
  return { outcome: 'not-reproduced', reason: reasonOf(new SwpError('conflict', 'rebuild/blas', message, { hint })), downMeta } as const;
};

/** Returns the files of a publish that its source determines: all but the card, which holds the plan digest. */
const sourceDeterminedFiles = (provenance: Provenance): ManifestFile[] =>
  manifestOf(provenance).files.filter(({ path }) => path !== CARD_PATH);

const buildAndCompare = async (deps: RebuildDeps, request: RebuildRequest): Promise<Rebuild> => {
  const { provenance, report, signal } = request;
  const { externalParameters, internalParameters } = provenance.predicate.buildDefinition;
  const { recipe, recipeDigest, target } = externalParameters;
  checkConversion(recipe, provenance);
  if (recipe.kind === 'vindex') await checkLarql(deps.hub.machine.files, deps.larql.env, recipe);
  const plan = { source: recipe.source, target: { repo: target }, recipe, recipeDigest };
  const source = await readRecordedSource(deps.sourceHub, plan, signal);
  const published = sourceDeterminedFiles(provenance);
  const besideBytes = recipe.kind === 'vindex' ? (published.find(({ path }) => path === DOWN_META)?.size ?? 0) : 0;
  const payload = await buildAgain(deps, source, { plan, holder: HOLDER, report, signal }, besideBytes);
  const made = new Set(payload.files.map(({ path }) => path));
  const others = published.map(({ path }) => path).filter((path) => !made.has(path));
  const files = compareFiles(published, [...payload.files, ...(await describeCopies(deps.sourceHub, source, others, signal))]);
  const diagnosis = await diagnoseDifferences(deps, request, { files, payload, built: deps.layout.build(recipeDigest) });
  return {
    ...diagnosis,
    recipe: recipeDigest,
    files,
    environment: { recorded: internalParameters.environment ?? null, here: payload.environment },
  };
};

/**
 * Rebuilds a target's payload from the pinned source of its record and compares the digests of all files with the
 * published ones in the record. The examination has already compared the target with its record. Returns every outcome
 * as a result.
 */
export const rebuildTarget = async (deps: RebuildDeps, request: RebuildRequest): Promise<Rebuild> => {
  const { provenance, signal } = request;
  try {
    return await buildAndCompare(deps, request);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof SwpError)) throw error;
    return unbuilt(provenance, error.code === 'build/recipe-differs' ? 'differs' : 'cannot', error);
  }
};
