import { formatBytes, plural } from '../core/text.js';
import { planExtraction, type MtpSelection } from '../formats/mtp/selection.js';
import type { OutputTensor, SourceTensor } from '../formats/mtp/tensors.js';
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
/** Says of each tensor in the payload what it was made of. */
export const MTP_TENSORS = 'mtp.tensors.json';
export const MTP_PAYLOAD_FILES: readonly string[] = [MTP_PAYLOAD, MTP_TENSORS];

/** The Hub refuses larger files and advises against files over 200 GB (hub-docs, storage limits). */
const FILE_LIMIT = 500e9;
const FILE_ADVICE = 200e9;
/** Room for card, license files, journals and the list of tensors beside the payload. */
const DISK_MARGIN = 64 * 1024 * 1024;
/** What the high-memory worker itself may hold resident. */
const MEMORY = 256 * 1024 * 1024;

export interface MtpPlanInput {
  readonly source: SourceFacts;
  readonly selection: MtpSelection;
  readonly target: TargetFacts;
  /** Visibility of a target that is created; an existing one keeps its own. */
  readonly private: boolean;
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

const describeTensors = ({ family, layouts, heads, outputs, dropped }: MtpSelection, neededBytes: number): string => {
  const decoded = outputs.filter((output) => output.quantised !== null).length;
  const how = decoded === 0 ? 'all as they are' : `${decoded} decoded to BF16, ${outputs.length - decoded} as they are`;
  const left = dropped.length === 0 ? '' : ` ${plural(dropped.length, 'companion')} left out.`;
  return `${family ?? 'Unknown family'} (${layouts.join(', ')}): ${plural(heads, 'MTP head')}, ${plural(outputs.length, 'tensor')}, ${how}; ${formatBytes(neededBytes)} to read.${left}`;
};

const checkSelection = (selection: MtpSelection, neededBytes: number): Check[] => [
  ...(selection.outputs.length === 0
    ? []
    : [
        ok('mtp-tensors', describeTensors(selection, neededBytes)),
        ...(selection.binding.drafter === null ? [] : [ok('mtp-bound', `Skulk binds it with its ${selection.binding.drafter} drafter.`)]),
      ]),
  ...selection.problems.map((problem): Check =>
    problem.severity === 'blocked' ? blocked(`mtp-${problem.code}`, problem.message) : warn(`mtp-${problem.code}`, problem.message),
  ),
];

/** Nodes keep a file of the published size: without another name they would never load the new bytes. */
const checkSameSize = (input: MtpPlanInput, payloadSame: boolean): Check[] => {
  const published = input.target.files.find((file) => file.path === MTP_PAYLOAD);
  if (payloadSame || published?.size !== input.selection.layout.size) return [];
  return [
    warn(
      'mtp-same-size',
      `${MTP_PAYLOAD} would have exactly the size of the published one: nodes of Skulk that hold the old file keep it.`,
      `Publish under a new repository name (such as ${input.target.repo}-r2) and name it in the model's card, or delete the sidecar on every node.`,
    ),
  ];
};

const placeOf = ({ name, dtype, shape, file, begin, end }: SourceTensor) => ({ name, dtype, shape, file, begin, end });

/** All that decides the bytes of one output. */
const makingOf = ({ name, dtype, shape, source, quantised, part }: OutputTensor) => ({
  name,
  dtype,
  shape,
  source: placeOf(source),
  part,
  decoded:
    quantised === null
      ? null
      : {
          code: quantised.code,
          scales: {
            tensor: placeOf(quantised.scales.tensor),
            format: quantised.scales.format,
            blockRows: quantised.scales.blockRows,
            blockColumns: quantised.scales.blockColumns,
          },
          global: quantised.global === null ? null : { tensor: placeOf(quantised.global.tensor), joins: quantised.global.joins },
          shape: quantised.shapeTensor === null ? null : placeOf(quantised.shapeTensor),
        },
});

export const mtpRecipe = (source: Pick<SourceFacts, 'repo' | 'commit'>, selection: MtpSelection): MtpRecipe => ({
  kind: 'mtp',
  conversion: 2,
  source: { repo: source.repo, commit: source.commit },
  names: selection.names,
  selection: { tensors: selection.outputs.length, digest: digestOf(selection.outputs.map(makingOf)) },
});

/** How the last publish compares with what this plan would write. */
const compareWithLast = (input: MtpPlanInput, card: MtpCardInput, copies: readonly CopiedFile[]) => {
  const last = input.target.lastPublish;
  if (last === null) return { payloadSame: false, cardSame: false, copiesSame: false };
  const { externalParameters, internalParameters } = last.provenance.predicate.buildDefinition;
  const drifted = new Set(driftedFiles(last, input.target.files));
  const manifest = manifestOf(last.provenance);
  const owned = new Set(manifest.files.map((file) => file.path));
  const payloadSame =
    externalParameters.recipeDigest === card.recipeDigest &&
    MTP_PAYLOAD_FILES.every((path) => owned.has(path) && !drifted.has(path)) &&
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
    (file) => MTP_PAYLOAD_FILES.includes(file.path) || file.path === CARD_PATH || copies.some((copy) => copy.path === file.path),
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
  const recipe = mtpRecipe(source, selection);
  const { fetch } = planExtraction(selection);
  const recipeDigest = digestOf(recipe);
  const copies = licenseFiles(source).map(({ path, size, gitBlob, lfs }): CopiedFile => ({ path, size, gitBlob, lfs }));
  const card: MtpCardInput = {
    target: target.repo,
    source,
    heads: selection.heads,
    tensors: selection.outputs.length,
    decoded: selection.outputs.filter((output) => output.quantised !== null).length,
    names: selection.names,
    payloadBytes: selection.layout.size,
    recipeDigest,
    copied: copies.map((copy) => copy.path),
    tools: input.tools,
  };
  const same = compareWithLast(input, card, copies);
  const nothingToDo = same.payloadSame && same.cardSame && same.copiesSame;
  const wanted: WantedFile[] = [
    { path: MTP_PAYLOAD, reason: `the MTP heads of ${source.repo} at ${source.commit.slice(0, 12)}`, same: same.payloadSame },
    { path: MTP_TENSORS, reason: 'what each tensor was made of', same: same.payloadSame },
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
    ...checkSelection(selection, fetch.neededBytes),
    ...checkSize(selection.layout.size),
    ...checkSameSize(input, same.payloadSame),
    ...checkTarget(target, wanted),
  ];
  const decideAction = (): ArtifactPlan['action'] => {
    if (worst(checks) === 'blocked') return 'blocked';
    if (nothingToDo) return 'unchanged';
    return same.payloadSame ? 'metadata-only' : 'publish';
  };
  const action = decideAction();
  const builds = action === 'publish';
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
      fetchBytes: builds ? fetch.fetchBytes : 0,
      neededBytes: builds ? fetch.neededBytes : 0,
      outputBytes: builds ? selection.layout.size : 0,
      diskBytes: (builds ? selection.layout.size : 0) + DISK_MARGIN,
      memoryBytes: MEMORY,
    },
    card: { template: mtpCardTemplate(card) },
    checks,
    tools: { ...input.tools },
  };
};
