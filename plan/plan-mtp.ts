import { formatBytes, plural } from '../core/text.js';
import type { MtpSelection } from '../formats/mtp/selection.js';
import { rangePlan } from '../formats/ranges.js';
import type { ArtifactPlan, CopiedFile } from './artifact-plan.js';
import { CARD_PATH, fillCard, mtpCardTemplate, type MtpCardInput } from './card.js';
import { digestOf, gitBlobOf } from './canonical.js';
import { blocked, ok, warn, worst, type Check } from './checks.js';
import type { SourceFacts, TargetFacts } from './facts.js';
import { checkLicense, licenseFiles, licenseName } from './licenses.js';
import { manifestOf, PROVENANCE_PATH } from './provenance.js';
import type { MtpRecipe } from './recipe.js';
import { checkTarget, targetOperations, type WantedFile } from './target-operations.js';
import { driftedFiles } from './target-state.js';

export const MTP_PAYLOAD = 'mtp.safetensors';

/** The Hub refuses larger files and advises against files over 200 GB (hub-docs, storage limits). */
const FILE_LIMIT = 500e9;
const FILE_ADVICE = 200e9;
/** Room for card, license files and journals beside the payload. */
const DISK_MARGIN = 64 * 1024 * 1024;
/** What the high-memory worker itself may hold resident. */
const MEMORY = 256 * 1024 * 1024;

export interface MtpPlanInput {
  readonly source: SourceFacts;
  readonly selection: MtpSelection;
  readonly target: TargetFacts;
  /** Visibility of a target that is created; an existing one keeps its own. */
  readonly private: boolean;
  readonly names: 'skulk' | 'source';
  readonly tools: Readonly<Record<string, string>>;
}

const checkSource = (input: MtpPlanInput, isPrivate: boolean): Check[] => {
  const { source } = input;
  if (source.private && !isPrivate) {
    return [
      blocked(
        'source-private',
        `${source.repo} is private and ${input.target.repo} would be public.`,
        'Set private: true in the entry, or publish from a public source.',
      ),
    ];
  }
  return source.gated
    ? [warn('source-gated', `${source.repo} is gated: its license may forbid republishing.`, 'Read its terms before you approve.')]
    : [];
};

const checkSize = (bytes: number): Check[] => {
  if (bytes > FILE_LIMIT)
    return [
      blocked('file-size', `${MTP_PAYLOAD} would have ${formatBytes(bytes)}; the Hub takes at most ${formatBytes(FILE_LIMIT)} a file.`),
    ];
  return bytes > FILE_ADVICE
    ? [
        warn(
          'file-size',
          `${MTP_PAYLOAD} would have ${formatBytes(bytes)}; the Hub advises against files over ${formatBytes(FILE_ADVICE)}.`,
        ),
      ]
    : [];
};

const checkSelection = (selection: MtpSelection): Check[] => [
  ...(selection.tensors.length === 0
    ? []
    : [
        ok(
          'mtp-tensors',
          `${plural(selection.heads, 'MTP head')}, ${plural(selection.tensors.length, 'tensor')}, ${formatBytes(selection.neededBytes)}.`,
        ),
      ]),
  ...selection.problems.map((problem): Check =>
    problem.severity === 'blocked' ? blocked(`mtp-${problem.code}`, problem.message) : warn(`mtp-${problem.code}`, problem.message),
  ),
];

export const mtpRecipe = (source: SourceFacts, selection: MtpSelection, names: MtpRecipe['names']): MtpRecipe => ({
  kind: 'mtp',
  conversion: 1,
  source: { repo: source.repo, commit: source.commit },
  names,
  selection: {
    tensors: selection.tensors.length,
    digest: digestOf(selection.tensors.map(({ name, dtype, shape, file, begin, end }) => ({ name, dtype, shape, file, begin, end }))),
  },
});

/** How the last publish compares with what this plan would write. */
const compareWithLast = (input: MtpPlanInput, card: MtpCardInput, copies: readonly CopiedFile[]) => {
  const last = input.target.lastPublish;
  if (last === null) return { payloadSame: false, cardSame: false, copiesSame: false };
  const { externalParameters, internalParameters } = last.provenance.predicate.buildDefinition;
  const drifted = new Set(driftedFiles(last, input.target.files));
  const manifest = manifestOf(last.provenance);
  const payload = manifest.files.filter((file) => file.path === MTP_PAYLOAD);
  const payloadSame =
    externalParameters.recipeDigest === card.recipeDigest &&
    payload.length === 1 &&
    !drifted.has(MTP_PAYLOAD) &&
    !drifted.has(PROVENANCE_PATH);
  // The card as we would have written it then: today's template with the plan, files and tools of that publish.
  const template = mtpCardTemplate({ ...card, tools: last.provenance.predicate.runDetails.builder.version });
  const expected = fillCard(
    template,
    internalParameters.planDigest,
    manifest.files.filter((file) => file.path !== CARD_PATH),
  );
  const found = input.target.files.find((file) => file.path === CARD_PATH);
  const holdsCopy = (copy: CopiedFile): boolean =>
    input.target.files.some((file) => file.path === copy.path && file.gitBlob === copy.gitBlob);
  const stillOwned = manifest.files.every(
    (file) => file.path === MTP_PAYLOAD || file.path === CARD_PATH || copies.some((copy) => copy.path === file.path),
  );
  return {
    payloadSame,
    cardSame: found?.gitBlob === gitBlobOf(new TextEncoder().encode(expected)),
    copiesSame: stillOwned && copies.every((copy) => holdsCopy(copy) && manifest.files.some((file) => file.path === copy.path)),
  };
};

/** From facts about source and target to the complete plan of an MTP sidecar. Pure: equal facts give equal plans. */
export const planMtp = (input: MtpPlanInput): ArtifactPlan => {
  const { source, selection, target } = input;
  const isPrivate = target.exists ? target.private : input.private;
  const recipe = mtpRecipe(source, selection, input.names);
  const recipeDigest = digestOf(recipe);
  const copies = licenseFiles(source).map(({ path, size, gitBlob, lfs }): CopiedFile => ({ path, size, gitBlob, lfs }));
  const card: MtpCardInput = {
    target: target.repo,
    source,
    heads: selection.heads,
    tensors: selection.tensors.length,
    payloadBytes: selection.layout.size,
    recipeDigest,
    copied: copies.map((copy) => copy.path),
    tools: input.tools,
  };
  const same = compareWithLast(input, card, copies);
  const nothingToDo = same.payloadSame && same.cardSame && same.copiesSame;
  const wanted: WantedFile[] = [
    { path: MTP_PAYLOAD, reason: `the MTP heads of ${source.repo} at ${source.commit.slice(0, 12)}`, same: same.payloadSame },
    { path: CARD_PATH, reason: 'the model card', same: nothingToDo },
    ...copies.map((copy) => ({
      path: copy.path,
      reason: `copied from ${source.repo}`,
      same: target.files.some((file) => file.path === copy.path && file.gitBlob === copy.gitBlob),
    })),
    { path: PROVENANCE_PATH, reason: 'how it was made, and who approved it', same: nothingToDo },
  ];
  const checks = [
    ...checkSource(input, isPrivate),
    checkLicense(source),
    ...checkSelection(selection),
    ...checkSize(selection.layout.size),
    ...checkTarget(target, wanted),
  ];
  const decideAction = (): ArtifactPlan['action'] => {
    if (worst(checks) === 'blocked') return 'blocked';
    if (nothingToDo) return 'unchanged';
    return same.payloadSame ? 'metadata-only' : 'publish';
  };
  const action = decideAction();
  const builds = action === 'publish';
  const { fetchBytes } = rangePlan(selection);
  return {
    version: 1,
    kind: 'mtp',
    action,
    source: { repo: source.repo, commit: source.commit, license: licenseName(source.license) },
    target: { repo: target.repo, head: target.head, private: isPrivate },
    recipe,
    recipeDigest,
    operations: targetOperations(target, isPrivate, wanted),
    copies,
    estimate: {
      fetchBytes: builds ? fetchBytes : 0,
      neededBytes: builds ? selection.neededBytes : 0,
      outputBytes: builds ? selection.layout.size : 0,
      diskBytes: (builds ? selection.layout.size : 0) + DISK_MARGIN,
      memoryBytes: MEMORY,
    },
    card: { template: mtpCardTemplate(card) },
    checks,
    tools: { ...input.tools },
  };
};
