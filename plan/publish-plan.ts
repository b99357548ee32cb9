import type { ArtifactPlan, CopiedFile, MirroredFile } from './artifact-plan.js';
import { CARD_PATH, fillCard, type CardInput } from './card.js';
import { digestOf, gitBlobOf } from '../core/digests.js';
import { highestSeverity, type Check } from './checks.js';
import type { SourceFacts, TargetFacts } from './facts.js';
import { checkEmpty, checkGguf } from './content-checks.js';
import { checkCounts } from './hub-limits.js';
import { cardLicense, checkLicense, checkLicenseLink, licenseName } from './licenses.js';
import { checkCollisions, checkNames } from './path-checks.js';
import { manifestOf, PROVENANCE_PATH } from './provenance.js';
import type { Recipe } from './recipe.js';
import { checkSource } from './source-checks.js';
import type { SourceProof } from './source-proof.js';
import { checkTarget, targetOperations, type WantedFile } from './target-operations.js';
import { driftedFiles, GIT_ATTRIBUTES, ownedPaths } from './target-state.js';

/** Disk space for card, license files and journals beside the payload, in bytes. */
const DISK_MARGIN = 64 * 1024 * 1024;
/** Resident memory of the high-memory worker itself, in bytes. */
const WORKER_MEMORY_BYTES = 256 * 1024 * 1024;

/** The facts for a plan of any kind. */
export interface PublishFacts {
  readonly source: SourceFacts;
  readonly target: TargetFacts;
  /** Visibility of a target that is created; an existing one keeps its own. */
  readonly private: boolean;
  readonly tools: Readonly<Record<string, string>>;
}

interface PayloadFile {
  readonly path: string;
  readonly reason: string;
  /** True if the target holds these bytes; absent if that is not known per file, so that equal recipes decide. */
  readonly same?: boolean;
  /** In bytes; absent or null if only the build determines it. */
  readonly size?: number | null;
}

/** The parts of a plan that depend on its kind. */
export interface PublishParts extends PublishFacts {
  readonly recipe: Recipe;
  readonly payload: readonly PayloadFile[];
  /** Small files that are copied from the source beside the payload. */
  readonly copies: readonly CopiedFile[];
  /** The payload, if it consists of unchanged files of the source. */
  readonly mirrored?: readonly MirroredFile[];
  /** The proof of the source's bytes, if ranges of the source are read. */
  readonly proof?: SourceProof;
  readonly card: (shared: CardInput) => string;
  readonly checks: (same: { readonly payloadSame: boolean }) => readonly Check[];
  /** The bytes that a publish would read, would need of these, would write to the target, and would hold in scratch. */
  readonly estimate: Estimate;
}

export interface Estimate {
  readonly fetchBytes: number;
  readonly neededBytes: number;
  readonly outputBytes: number;
  readonly scratchBytes: number;
  /** Memory of a program that the worker runs. */
  readonly memoryBytes?: number;
}

/** Returns the needs of a publish on its host, in bytes: free disk under its scratch, and memory. */
export const hostNeeds = ({ scratchBytes, memoryBytes = 0 }: Estimate): Pick<ArtifactPlan['estimate'], 'diskBytes' | 'memoryBytes'> => ({
  diskBytes: scratchBytes + DISK_MARGIN,
  memoryBytes: WORKER_MEMORY_BYTES + memoryBytes,
});

const needsOf = (action: ArtifactPlan['action'], estimate: Estimate): ReturnType<typeof hostNeeds> => {
  if (action === 'publish') return hostNeeds(estimate);
  return { diskBytes: action === 'metadata-only' ? DISK_MARGIN : 0, memoryBytes: 0 };
};

const cardInput = (parts: PublishParts, tools: Readonly<Record<string, string>>): CardInput => ({
  target: parts.target.repo,
  source: { ...parts.source, license: cardLicense(parts.source.license) },
  recipeDigest: digestOf(parts.recipe),
  tools,
});

/** Compares the files of the last publish with those that this plan would write. */
const compareWithLast = (parts: PublishParts) => {
  const { target, copies } = parts;
  const last = target.lastPublish;
  if (last === null) return { payloadSame: false, cardSame: false, copiesSame: false };
  const { externalParameters, internalParameters } = last.provenance.predicate.buildDefinition;
  const drifted = new Set(driftedFiles(last, target.files));
  const manifest = manifestOf(last.provenance);
  const owned = new Set(manifest.files.map((file) => file.path));
  const payload = new Set(parts.payload.map(({ path }) => path));
  const payloadSame =
    externalParameters.recipeDigest === digestOf(parts.recipe) &&
    parts.payload.every(({ path }) => owned.has(path) && !drifted.has(path)) &&
    !drifted.has(PROVENANCE_PATH);
  // The expected card: today's template with the plan, files and tools of that publish.
  const expected = fillCard(
    parts.card(cardInput(parts, last.provenance.predicate.runDetails.builder.version)),
    internalParameters.planDigest,
    manifest.files.filter((file) => file.path !== CARD_PATH),
  );
  const found = target.files.find((file) => file.path === CARD_PATH);
  const stillOwned = manifest.files.every(
    (file) => payload.has(file.path) || file.path === CARD_PATH || copies.some((copy) => copy.path === file.path),
  );
  return {
    payloadSame,
    cardSame: found?.gitBlob === gitBlobOf(new TextEncoder().encode(expected)),
    copiesSame: stillOwned && copies.every((copy) => holdsCopy(target, copy) && owned.has(copy.path)),
  };
};

const holdsCopy = (target: TargetFacts, copy: CopiedFile): boolean =>
  target.files.some((file) => file.path === copy.path && file.gitBlob === copy.gitBlob);

/** Returns every path of the target after the publish. The Hub gives each repository a `.gitattributes`. */
const pathsAfter = (target: TargetFacts, operations: ArtifactPlan['operations']): ReadonlySet<string> => {
  const paths = new Set([GIT_ATTRIBUTES, ...target.files.map((file) => file.path)]);
  for (const operation of operations) {
    if (operation.op === 'delete') paths.delete(operation.path);
    else if (operation.op === 'add') paths.add(operation.path);
  }
  return paths;
};

/** Makes the complete plan of one artifact from the parts of its kind. Pure: equal facts give equal plans. */
export const planPublish = (parts: PublishParts): ArtifactPlan => {
  const { source, target, recipe, copies, mirrored } = parts;
  const isPrivate = target.exists ? target.private : parts.private;
  const same = compareWithLast(parts);
  const nothingToDo = same.payloadSame && same.cardSame && same.copiesSame;
  const wanted: WantedFile[] = [
    ...parts.payload.map((file) => ({ ...file, same: file.same ?? same.payloadSame })),
    { path: CARD_PATH, reason: 'the model card', same: nothingToDo },
    ...copies.map((copy) => ({ path: copy.path, reason: `copied from ${source.repo}`, same: holdsCopy(target, copy) })),
    { path: PROVENANCE_PATH, reason: 'the record of its build and its approvals', same: nothingToDo },
  ];
  const operations = targetOperations(target, isPrivate, wanted);
  const after = pathsAfter(target, operations);
  const written = new Set(wanted.map(({ path }) => path));
  const owned = ownedPaths(target);
  const foreign = target.files.filter(({ path }) => !written.has(path) && !owned.has(path));
  const checks = [
    ...checkSource(source, target.repo, isPrivate),
    checkLicense(source),
    ...checkLicenseLink(source),
    ...parts.checks(same),
    ...checkCounts(after, wanted.length),
    ...checkNames(written),
    ...checkCollisions(after, written),
    ...checkEmpty([...parts.payload, ...copies], foreign),
    ...checkGguf(after),
    ...checkTarget(target, wanted),
  ];
  const decideAction = (): ArtifactPlan['action'] => {
    if (highestSeverity(checks) === 'blocked') return 'blocked';
    if (nothingToDo) return 'unchanged';
    return same.payloadSame ? 'metadata-only' : 'publish';
  };
  const action = decideAction();
  // A payload that stays was proven when it was made.
  const proof = same.payloadSame ? target.lastPublish?.provenance.predicate.buildDefinition.internalParameters.proof : parts.proof;
  const { fetchBytes, neededBytes, outputBytes } = action === 'publish' ? parts.estimate : NOTHING;
  const needs = needsOf(action, parts.estimate);
  return {
    version: 1,
    kind: recipe.kind,
    action,
    source: { repo: source.repo, commit: source.commit, license: licenseName(source.license) },
    target: { repo: target.repo, head: target.head, private: isPrivate },
    recipe,
    recipeDigest: digestOf(recipe),
    operations,
    copies: [...copies],
    ...(mirrored === undefined ? {} : { mirrored: [...mirrored] }),
    ...(proof === undefined || action === 'blocked' ? {} : { proof }),
    estimate: { fetchBytes, neededBytes, outputBytes, ...needs },
    card: { template: parts.card(cardInput(parts, parts.tools)) },
    checks,
    tools: { ...parts.tools },
  };
};

/** The estimate of a plan that builds nothing. */
export const NOTHING: Estimate = { fetchBytes: 0, neededBytes: 0, outputBytes: 0, scratchBytes: 0 };
