import { messageOf } from '../../core/error.js';
import { sameRepo, type CommitSha, type Digest, type RepoId } from '../../core/ids.js';
import { plural, truncateList } from '../../core/text.js';
import type { Hub } from '../../hub/hub.js';
import { readRepo, type RepoFacts } from '../../hub/read/repo.js';
import { verifyPaths, type Mismatch, type ReadBack, type VerifyOptions, type ReadBackTotals } from '../../hub/read/verify-files.js';
import { digestOf } from '../../core/digests.js';
import { CARD_PATH } from '../../plan/card.js';
import type { DecisionRecord } from '../../plan/decision.js';
import { finding, isIntegrity, type Finding } from '../../plan/findings/finding.js';
import type { ManifestFile } from '../../plan/manifest.js';
import { manifestOf } from '../../plan/provenance.js';
import { NOTHING_READ } from '../../plan/read-back.js';
import { findOurCommit, isBrokenRecord, readRecord, type OurCommit, type PublishRecord } from '../facts/last-publish.js';
import { sampleOf } from './verify-published.js';

export interface Examination {
  readonly target: RepoId;
  readonly state: 'intact' | 'differs';
  /** The current head, which readers get. The files were compared at this commit. */
  readonly head: CommitSha;
  readonly publish: {
    readonly commit: CommitSha;
    /** Null if its record cannot be read. */
    readonly record: {
      readonly manifest: Digest;
      readonly plan: Digest;
      readonly entry: string;
      readonly source: { readonly repo: RepoId; readonly commit: CommitSha };
      readonly decisions: readonly DecisionRecord[];
    } | null;
  };
  /** Number of files that the publish owns. */
  readonly files: number;
  readonly readBack: ReadBackTotals;
  /** Files whose first reading was wrong and whose second, over another connection, was right. */
  readonly wrongOnce: readonly string[];
  /** Files outside our publish, which are no fault. Empty if the record cannot be read. */
  readonly foreign: readonly string[];
  readonly findings: readonly Finding[];
}

/** A target without a publish of ours. The Hub also reports a target as absent if the token may not see it. */
export type Unpublished =
  | { readonly target: RepoId; readonly state: 'absent' }
  | { readonly target: RepoId; readonly state: 'unpublished'; readonly head: CommitSha };

/** Returns the inconsistencies of a record, with itself and with the trailers of its commit. */
const diagnoseRecord = (repo: RepoId, ours: OurCommit, { provenance }: PublishRecord): Finding[] => {
  const { externalParameters, internalParameters } = provenance.predicate.buildDefinition;
  const { target, recipe, recipeDigest } = externalParameters;
  const { planDigest, decisions } = internalParameters;
  const recipeNow = digestOf(recipe);
  return [
    ...(ours.trailers.plan === planDigest
      ? []
      : [finding('plan-differs', `The commit names plan ${ours.trailers.plan ?? '(none)'}, but provenance.json names ${planDigest}.`)]),
    ...(sameRepo(target, repo) ? [] : [finding('other-target', `provenance.json belongs to another target, ${target}.`)]),
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

/** The visibility and the license of a target. */
export type Visible = Pick<RepoFacts, 'private' | 'license'>;

/** The result of an examination, with the record that the target was compared with; null if no record can be read. */
export type Examined =
  | { readonly found: Unpublished; readonly record: null }
  | { readonly found: Examination; readonly record: PublishRecord | null; readonly visible: Visible };

export interface ExamineOptions {
  /** Selects the bytes to read back from the files that the record lists. */
  readonly read: (record: PublishRecord, files: readonly ManifestFile[]) => ReadBack;
  /** Accounts whose commits are expected; null if any account's are. */
  readonly publishers: readonly string[] | null;
  readonly onProgress?: NonNullable<VerifyOptions['onProgress']>;
  readonly signal: AbortSignal;
}

/** Selects all bytes to read back or, for each manifest, always the same samples. */
export const readSample =
  (full: boolean): ExamineOptions['read'] =>
  ({ manifestDigest }) =>
    sampleOf(manifestDigest, full);

/** Returns findings for unexpected commits: those by accounts that are not publishers, and those after our publish. */
const diagnoseCommits = (ours: OurCommit, publishers: readonly string[] | null): Finding[] => {
  const expected = new Set(publishers?.map((name) => name.toLowerCase()));
  const foreign = [...ours.since, ours].flatMap(({ id, accounts }): Finding[] => {
    if (publishers === null) return [];
    if (accounts.length === 0) return [finding('foreign-commit', `The Hub does not say who made commit ${id}.`)];
    const others = accounts.filter((name) => !expected.has(name.toLowerCase()));
    return others.length === 0 ? [] : [finding('foreign-commit', `Commit ${id} is by ${truncateList(others)}, not by a publisher.`)];
  });
  const [newest] = ours.since;
  const later =
    newest === undefined
      ? []
      : [finding('later-commits', `${plural(ours.since.length, 'commit')} came after our publish; the newest is ${newest.id}.`)];
  return [...foreign, ...later];
};

const MISMATCHES = { absence: 'file-gone', listing: 'file-differs', bytes: 'bytes-differ' } as const;

const diagnoseFile = ({ path, shownBy, reason }: Mismatch): Finding =>
  finding(path === CARD_PATH && shownBy === 'listing' ? 'card-differs' : MISMATCHES[shownBy], `${path} ${reason}.`, path);

/**
 * Compares the current state of a target with our newest publish there: the record with the trailers of its commit and with
 * itself, then the size and digest of every file, then bytes. Returns differences as findings.
 */
export const examineTarget = async (hub: Hub, repo: RepoId, options: ExamineOptions): Promise<Examined> => {
  const { read, publishers, onProgress, signal } = options;
  const found = await readRepo(hub, repo, undefined, { signal });
  if ('absent' in found) return { found: { target: repo, state: 'absent' }, record: null };
  const { repo: target, commit: head, private: isPrivate, license } = found;
  const visible = { private: isPrivate, license };
  const ours = await findOurCommit(hub, target, head, signal);
  if (ours === null) return { found: { target, state: 'unpublished', head }, record: null };
  let record: PublishRecord;
  try {
    record = await readRecord(hub, target, ours, signal);
  } catch (error) {
    if (!isBrokenRecord(error)) throw error;
    const findings = [finding('record-broken', messageOf(error))];
    const nothing = { files: 0, readBack: NOTHING_READ, wrongOnce: [], foreign: [] };
    const publish = { commit: ours.id, record: null };
    return { found: { target, state: 'differs', head, publish, ...nothing, findings }, record: null, visible };
  }
  const files = [...manifestOf(record.provenance).files, record.file];
  const owned = new Set(files.map(({ path }) => path));
  const { mismatches, readBack, wrongOnce } = await verifyPaths(hub, target, head, files, {
    signal,
    tree: found.files,
    sample: read(record, files),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  const findings = [...diagnoseRecord(target, ours, record), ...diagnoseCommits(ours, publishers), ...mismatches.map(diagnoseFile)];
  const examination: Examination = {
    target,
    state: findings.some(isIntegrity) ? 'differs' : 'intact',
    head,
    publish: { commit: ours.id, record: recordOf(record) },
    files: files.length,
    readBack,
    wrongOnce,
    foreign: found.files.map(({ path }) => path).filter((path) => path !== '.gitattributes' && !owned.has(path)),
    findings,
  };
  return { found: examination, record, visible };
};
