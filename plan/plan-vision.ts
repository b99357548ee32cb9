import { compareBytes, formatBytes, plural } from '../core/text.js';
import type { ArtifactPlan, MirroredFile } from './artifact-plan.js';
import { CARD_PATH } from './card.js';
import { visionCardTemplate } from './card-vision.js';
import { digestOf } from '../core/digests.js';
import { blocked, ok, warn, type Check } from './checks.js';
import { checkCode, checkPickles } from './content-checks.js';
import type { SourceFacts } from './facts.js';
import { checkFileSizes } from './hub-limits.js';
import { PROVENANCE_PATH } from './provenance.js';
import { planPublish, type PublishFacts } from './publish-plan.js';
import { CONVERSIONS, type VisionRecipe } from './recipe.js';
import { GIT_ATTRIBUTES, holds } from './target-state.js';

/** Files that every repository has of its own. The source's versions are not mirrored. */
const OWN_FILES: readonly string[] = [CARD_PATH, GIT_ATTRIBUTES, PROVENANCE_PATH];

/** Files that Skulk's loader requires in the root of a vision repository (its `download_utils.py`). */
const CONFIG = 'config.json';
const WEIGHTS = 'model.safetensors';

export const isMirrored = (path: string): boolean => !OWN_FILES.includes(path);

export interface VisionPlanInput extends PublishFacts {
  /** Every file of the source that is mirrored. */
  readonly mirrored: readonly MirroredFile[];
}

export const visionRecipe = (source: Pick<SourceFacts, 'repo' | 'commit'>, mirrored: readonly MirroredFile[]): VisionRecipe => ({
  kind: 'vision',
  conversion: CONVERSIONS.vision,
  source: { repo: source.repo, commit: source.commit },
  selection: { files: mirrored.length, digest: digestOf(mirrored.map(({ path, size, sha256 }) => ({ path, size, sha256 }))) },
});

/**
 * Checks the files for Skulk, which counts a vision repository as present with `config.json` and one
 * `model.safetensors` in its root.
 */
const checkLoader = ({ source, mirrored }: VisionPlanInput): Check[] => {
  const paths = new Set(mirrored.map(({ path }) => path));
  const weights = [...paths].filter((path) => /^[^/]+\.safetensors$/.test(path));
  const checks: Check[] = [];
  if (!paths.has(CONFIG))
    checks.push(
      warn(
        'vision-config',
        `${source.repo} has no ${CONFIG} in its root: Skulk's loader does not find the model.`,
        'Mirror a repository that has one.',
      ),
    );
  if (weights.length > 1)
    checks.push(
      warn(
        'vision-shards',
        `The weights of ${source.repo} are in ${weights.length} files. Skulk's loader expects one ${WEIGHTS}, and checks this repository again in every session.`,
        'SWP mirrors files unchanged and cannot join them. Mirror a repository with its weights in one file.',
      ),
    );
  else if (!paths.has(WEIGHTS))
    checks.push(
      warn(
        'vision-weights',
        `${source.repo} has no ${WEIGHTS} in its root: Skulk's loader does not find the weights.`,
        'Mirror a repository that has one.',
      ),
    );
  return checks;
};

const checkFiles = ({ source, mirrored }: VisionPlanInput, bytes: number): Check[] => {
  if (mirrored.length === 0) return [blocked('vision-files', `${source.repo} at ${source.commit} has no files to mirror.`)];
  const left = leftOut(source);
  return [
    ok('vision-files', `${plural(mirrored.length, 'file')}, ${formatBytes(bytes)}, byte for byte.`),
    ...(left.length === 0 ? [] : [ok('vision-left-out', `Not mirrored: ${left.join(', ')} of the source; the target has its own.`)]),
  ];
};

const leftOut = (source: SourceFacts): string[] =>
  source.files
    .map(({ path }) => path)
    .filter((path) => !isMirrored(path))
    .toSorted(compareBytes);

/** Makes the complete plan of a vision mirror from facts about source and target. Pure: equal facts give equal plans. */
export const planVision = (input: VisionPlanInput): ArtifactPlan => {
  const { source, target } = input;
  const mirrored = input.mirrored.toSorted((a, b) => compareBytes(a.path, b.path));
  const paths = mirrored.map(({ path }) => path);
  const bytes = mirrored.reduce((sum, { size }) => sum + size, 0);
  const existing = new Map(target.files.map((file) => [file.path, file]));
  return planPublish({
    ...input,
    recipe: visionRecipe(source, mirrored),
    payload: mirrored.map((file) => ({
      path: file.path,
      size: file.size,
      reason: `${formatBytes(file.size)}, sha256 ${file.sha256}`,
      same: holds(file, existing.get(file.path)),
    })),
    copies: [],
    mirrored,
    card: (shared) => visionCardTemplate({ ...shared, files: mirrored.length, payloadBytes: bytes, leftOut: leftOut(source) }),
    checks: () => [
      ...checkFiles(input, bytes),
      ...checkLoader(input),
      ...checkFileSizes(mirrored),
      ...checkCode(paths),
      ...checkPickles(paths),
    ],
    estimate: { fetchBytes: bytes, neededBytes: bytes, outputBytes: bytes, scratchBytes: 0 },
  });
};
