import { formatBytes } from '../core/text.js';
import { estimateVindex, type VindexEstimate } from '../formats/vindex/estimates.js';
import { layoutOf } from '../formats/vindex/layout.js';
import { extractOptions, type VindexQuant, type VindexSlice } from '../formats/vindex/extract-options.js';
import { sourceProblems, type SourceProblem } from '../formats/vindex/source-problems.js';
import type { SourceModel } from '../formats/vindex/source-model.js';
import type { ArtifactPlan } from './artifact-plan.js';
import { vindexCardTemplate } from './card-vindex.js';
import { digestOf } from '../core/digests.js';
import { blocked, ok, warn, type Check } from './checks.js';
import type { RepoFile } from '../hub/repo-file.js';
import type { LarqlFacts, SourceFacts } from './facts.js';
import { checkFileSizes } from './hub-limits.js';
import { licenseFiles } from './licenses.js';
import { planPublish, type Estimate, type PublishFacts } from './publish-plan.js';
import { CONVERSIONS, type VindexRecipe } from './recipe.js';

export interface VindexPlanInput extends PublishFacts {
  readonly model: SourceModel;
  /** The files of the source that larql reads. */
  readonly files: readonly RepoFile[];
  readonly quant: VindexQuant;
  readonly slice: VindexSlice;
  readonly larql: LarqlFacts;
  /** Environment of the run, as far as it affects bytes. */
  readonly blas: Readonly<Record<string, string>>;
}

type RecipeInput = Pick<VindexPlanInput, 'source' | 'files' | 'quant' | 'slice' | 'larql' | 'blas'>;

export const vindexRecipe = ({ source, files, quant, slice, larql, blas }: RecipeInput): VindexRecipe => ({
  kind: 'vindex',
  conversion: CONVERSIONS.vindex,
  source: { repo: source.repo, commit: source.commit },
  quant,
  slice,
  level: extractOptions(quant).level,
  selection: {
    files: files.length,
    digest: digestOf(files.map(({ path, size, lfs, gitBlob }) => ({ path, size, digest: lfs ?? gitBlob }))),
  },
  larql: { sha256: larql.sha256, blocks: larql.blocks },
  blas: { ...blas },
});

export const problemCheck = ({ code, verdict, message, fix }: SourceProblem): Check =>
  verdict === 'blocked' ? blocked(code, message, fix) : warn(code, message, fix);

const problemChecks = ({ model, quant, slice, larql }: VindexPlanInput): Check[] =>
  sourceProblems(model, extractOptions(quant, larql.names), slice).map(problemCheck);

const blockChecks = ({ larql: { blocks, fleetBlocks } }: VindexPlanInput): Check[] => {
  if (blocks === 'none') return [];
  if (fleetBlocks === null)
    return [
      warn(
        'larql-blocks',
        `This larql writes ${blocks} blocks, and SWP_LARQL_BLOCKS does not say which blocks the fleet reads. A program that reads the other layout computes garbage.`,
        'Set SWP_LARQL_BLOCKS on the high-memory worker to early or ggml.',
      ),
    ];
  return blocks === fleetBlocks
    ? []
    : [
        blocked(
          'larql-blocks',
          `This larql writes ${blocks} blocks, but the fleet reads ${fleetBlocks} blocks.`,
          'Install the larql of the fleet on the high-memory host, or update the fleet and SWP_LARQL_BLOCKS.',
        ),
      ];
};

/** Code of the check for a host that has no usable larql, or whose larql lacks an option of the entry. */
const LARQL_PROGRAM = 'larql-program';

const programChecks = ({ quant, slice, larql }: VindexPlanInput): Check[] => [
  ...(quant === 'none' || larql.quants.includes(quant)
    ? []
    : [
        blocked(
          LARQL_PROGRAM,
          `The larql on the high-memory host does not support --quant ${quant}.`,
          'Install a newer larql there (SWP_LARQL).',
        ),
      ]),
  ...(slice === 'full' || larql.expertServer
    ? []
    : [
        blocked(
          LARQL_PROGRAM,
          'The larql on the high-memory host does not support the slice expert-server.',
          'Install a newer larql there (SWP_LARQL).',
        ),
      ]),
];

/** Returns the check of a vindex that cannot be planned, because there is no larql for it. */
export const larqlMissing = (problem: string | null): Check =>
  blocked(
    LARQL_PROGRAM,
    problem ?? 'The high-memory host that answered has no larql.',
    'Install larql there, or set SWP_LARQL to its path, then retry. swp doctor shows which larql it finds.',
  );

const payloadReason = (source: Pick<SourceFacts, 'repo' | 'commit'>): string =>
  `extracted by larql from ${source.repo} at ${source.commit.slice(0, 12)}`;

type EstimateInput = Pick<VindexPlanInput, 'model' | 'files' | 'quant' | 'slice'> & { readonly larql: Pick<LarqlFacts, 'names'> };

const estimateWith = (files: readonly RepoFile[], estimate: VindexEstimate): Estimate => {
  const sourceBytes = files.reduce((sum, { size }) => sum + size, 0);
  return {
    fetchBytes: sourceBytes,
    neededBytes: sourceBytes,
    outputBytes: estimate.slice ?? estimate.output,
    scratchBytes: sourceBytes + estimate.output + (estimate.slice ?? 0),
    memoryBytes: estimate.memory,
  };
};

export const vindexEstimate = ({ model, files, quant, slice, larql }: EstimateInput): Estimate =>
  estimateWith(files, estimateVindex(layoutOf(model, extractOptions(quant, larql.names), 'full'), slice));

/** Makes the complete plan of a vindex from facts about source, target and larql. Pure: equal facts give equal plans. */
export const planVindex = (input: VindexPlanInput): ArtifactPlan => {
  const { source, model, files, slice } = input;
  const recipe = vindexRecipe(input);
  const options = extractOptions(input.quant, input.larql.names);
  const full = layoutOf(model, options, 'full');
  const layout = slice === 'full' ? full : layoutOf(model, options, slice);
  const estimate = estimateVindex(full, slice);
  const needs = estimateWith(files, estimate);
  const copies = licenseFiles(source);
  return planPublish({
    ...input,
    recipe,
    payload: [...layout.files].map(([path, size]) => ({ path, size, reason: payloadReason(source) })),
    copies,
    card: (shared) => vindexCardTemplate({ ...shared, recipe, model, outputBytes: needs.outputBytes }),
    checks: () => [
      ...problemChecks(input),
      ...programChecks(input),
      ...blockChecks(input),
      ok('larql-memory', `larql needs about ${formatBytes(estimate.memory)} of memory, in addition to the pages of its files.`),
      ...checkFileSizes([{ path: estimate.largestFile.path, size: estimate.largestFile.bytes }]),
    ],
    estimate: needs,
  });
};
