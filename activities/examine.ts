import { messageOf } from '../core/error.js';
import { sameRepo, type CommitSha, type Digest, type RepoId } from '../core/ids.js';
import type { HubConfig } from '../hub/config.js';
import { readRepo } from '../hub/read/repo.js';
import { verifyPaths, type VerifyOptions } from '../hub/verify.js';
import { digestOf } from '../plan/canonical.js';
import type { DecisionRecord } from '../plan/decision.js';
import { manifestOf } from '../plan/provenance.js';
import { findOurCommit, isBrokenRecord, readRecord, type OurCommit, type PublishRecord } from './facts/last-publish.js';
import { sampleOf } from './verify.js';

/** Something about a target that a publish of ours did not leave so. */
export interface Finding {
  readonly code: 'record-broken' | 'plan-differs' | 'other-target' | 'recipe-differs' | 'not-approved' | 'file-differs';
  /** The file that it is about, where it is about one. */
  readonly path: string | null;
  readonly message: string;
}

export interface Examination {
  readonly target: RepoId;
  readonly state: 'intact' | 'differs';
  /** What readers get now: the files were compared there. */
  readonly head: CommitSha;
  readonly publish: {
    readonly commit: CommitSha;
    /** Null where its record cannot be read. */
    readonly record: {
      readonly manifest: Digest;
      readonly plan: Digest;
      readonly entry: string;
      readonly source: { readonly repo: RepoId; readonly commit: CommitSha };
      readonly decisions: readonly DecisionRecord[];
    } | null;
  };
  /** How many files it owns, and how many of their bytes were read. */
  readonly files: number;
  readonly readBackBytes: number;
  /** Files that are not of our publish, where its record says which are: nothing is wrong with them. */
  readonly foreign: readonly string[];
  readonly findings: readonly Finding[];
}

/** A target without a publish of ours: absent, which is also what the Hub says of one that the token may not see. */
export interface Unpublished {
  readonly target: RepoId;
  readonly state: 'absent' | 'unpublished';
}

const finding = (code: Finding['code'], message: string, path: string | null = null): Finding => ({ code, path, message });

/** What a record says of itself that does not fit together. */
const judgeRecord = (repo: RepoId, ours: OurCommit, { provenance }: PublishRecord): Finding[] => {
  const { externalParameters, internalParameters } = provenance.predicate.buildDefinition;
  const { target, recipe, recipeDigest } = externalParameters;
  const { planDigest, decisions } = internalParameters;
  const recipeNow = digestOf(recipe);
  return [
    ...(ours.trailers.plan === planDigest
      ? []
      : [finding('plan-differs', `The commit says plan ${ours.trailers.plan ?? '(none)'}, provenance.json says ${planDigest}.`)]),
    ...(sameRepo(target, repo) ? [] : [finding('other-target', `provenance.json is that of ${target}.`)]),
    ...(recipeNow === recipeDigest ? [] : [finding('recipe-differs', `The recipe has digest ${recipeNow}, not ${recipeDigest}.`)]),
    ...(decisions.some(({ plan, verdict }) => plan === planDigest && verdict === 'approve')
      ? []
      : [finding('not-approved', `No decision in provenance.json approves plan ${planDigest}.`)]),
  ];
};

const recordOf = ({ manifestDigest, provenance }: PublishRecord): NonNullable<Examination['publish']['record']> => {
  const { externalParameters, internalParameters } = provenance.predicate.buildDefinition;
  return {
    manifest: manifestDigest,
    plan: internalParameters.planDigest,
    entry: externalParameters.entry,
    source: externalParameters.recipe.source,
    decisions: internalParameters.decisions,
  };
};

/** What was found, with the record that it was held to: null where there is none that can be read. */
export type Examined =
  { readonly found: Unpublished; readonly record: null } | { readonly found: Examination; readonly record: PublishRecord | null };

export interface ExamineOptions {
  /** Read every byte back, not a sample. */
  readonly full: boolean;
  readonly onProgress: NonNullable<VerifyOptions['onProgress']>;
  readonly signal: AbortSignal;
}

/**
 * Compares a target, as its readers get it now, with what the newest publish of ours left there: the record against the
 * trailers of its commit and against itself, then size and digest of every file, then bytes. Differences are the result.
 */
export const examineTarget = async (hub: HubConfig, repo: RepoId, { full, onProgress, signal }: ExamineOptions): Promise<Examined> => {
  const found = await readRepo(hub, repo, undefined, { signal });
  if ('absent' in found) return { found: { target: repo, state: 'absent' }, record: null };
  const { repo: target, commit: head } = found;
  const ours = await findOurCommit(hub, target, signal);
  if (ours === null) return { found: { target, state: 'unpublished' }, record: null };
  let record: PublishRecord;
  try {
    record = await readRecord(hub, target, ours, signal);
  } catch (error) {
    if (!isBrokenRecord(error)) throw error;
    const findings = [finding('record-broken', messageOf(error))];
    const nothing = { files: 0, readBackBytes: 0, foreign: [] };
    return { found: { target, state: 'differs', head, publish: { commit: ours.id, record: null }, ...nothing, findings }, record: null };
  }
  const files = [...manifestOf(record.provenance).files, record.file];
  const owned = new Set(files.map(({ path }) => path));
  const { mismatches, readBackBytes } = await verifyPaths(hub, target, head, files, {
    signal,
    sample: sampleOf(record.manifestDigest, full),
    onProgress,
  });
  const findings = [
    ...judgeRecord(target, ours, record),
    ...mismatches.map(({ path, reason }) => finding('file-differs', `${path} ${reason}.`, path)),
  ];
  const examination: Examination = {
    target,
    state: findings.length === 0 ? 'intact' : 'differs',
    head,
    publish: { commit: ours.id, record: recordOf(record) },
    files: files.length,
    readBackBytes,
    foreign: found.files.map(({ path }) => path).filter((path) => path !== '.gitattributes' && !owned.has(path)),
    findings,
  };
  return { found: examination, record };
};
