import { extractOptions } from '../../formats/vindex/extract-options.js';
import { configProblem, sourceProblems, type SourceProblem } from '../../formats/vindex/source-problems.js';
import { BLAS } from '../../larql/environment.js';
import type { ArtifactPlan } from '../../plan/artifact-plan.js';
import { blockedPlan } from '../../plan/blocked-plan.js';
import { larqlMissing, planVindex, problemCheck } from '../../plan/plan-vindex.js';
import type { PublishFacts } from '../../plan/publish-plan.js';
import type { ArtifactRequest } from './plan-artifact.js';
import type { VindexSource } from '../facts/read-vindex-source.js';

/**
 * Plans an entry's vindex. Without a larql to extract it, the plan is blocked but still reports the problems of the
 * source.
 */
export const planVindexEntry = (request: ArtifactRequest, facts: PublishFacts, { files, described }: VindexSource): ArtifactPlan => {
  const { quant = 'q4k', slices: [slice] = ['full'] } = request.entry.entry;
  const larql =
    request.host === null
      ? { problem: 'No high-memory host answered, so the larql that would extract it is unknown.' }
      : (request.host.larql ?? null);
  const block = (problems: readonly SourceProblem[], missing: boolean): ArtifactPlan =>
    blockedPlan(
      'vindex',
      facts.target.repo,
      [...problems.map(problemCheck), ...(missing ? [larqlMissing(larql !== null && 'problem' in larql ? larql.problem : null)] : [])],
      facts.tools,
    );
  if ('faults' in described) return block([configProblem(described.faults)], false);
  const { model } = described;
  if (larql === null || 'problem' in larql) return block(sourceProblems(model, extractOptions(quant), slice), true);
  return planVindex({ ...facts, model, files, quant, slice, larql, blas: BLAS });
};
