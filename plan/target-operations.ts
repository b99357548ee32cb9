import { compareBytes } from '../core/text.js';
import type { Operation } from './artifact-plan.js';
import { digestOf } from '../core/digests.js';
import { warn, type Check } from './checks.js';
import type { TargetFacts } from './facts.js';
import { driftedFiles, ownedPaths } from './target-state.js';

const LISTED_FOREIGN = 10;

export interface WantedFile {
  readonly path: string;
  readonly reason: string;
  /** True if the target already holds these bytes, as our last publish wrote them. */
  readonly same: boolean;
}

export const visibility = (isPrivate: boolean): string => (isPrivate ? 'private' : 'public');

/** Returns the operation for each file of the target. Foreign files are kept. */
export const targetOperations = (target: TargetFacts, isPrivate: boolean, wanted: readonly WantedFile[]): Operation[] => {
  const present = new Set(target.files.map((file) => file.path));
  const owned = ownedPaths(target);
  const ours = new Set(wanted.map((file) => file.path));
  const written = wanted.map((file): Operation => {
    if (file.same) return { op: 'keep', path: file.path, reason: 'its bytes are already there' };
    return { op: present.has(file.path) ? 'replace' : 'add', path: file.path, reason: file.reason };
  });
  const dropped = [...owned].filter((path) => present.has(path) && !ours.has(path)).toSorted(compareBytes);
  const foreign = target.files
    .map((file) => file.path)
    .filter((path) => !ours.has(path) && !owned.has(path))
    .toSorted(compareBytes);
  return [
    ...(target.head === null
      ? [
          {
            op: 'create' as const,
            private: isPrivate,
            reason: `the target does not exist yet, or is empty; it will be ${visibility(isPrivate)}`,
          },
        ]
      : []),
    ...written,
    ...dropped.map((path): Operation => ({ op: 'delete', path, reason: 'our last publish wrote it, and this one does not' })),
    ...(target.head === null || foreign.length === 0
      ? []
      : [{ op: 'keep-foreign' as const, count: foreign.length, digest: digestOf(foreign), first: foreign.slice(0, LISTED_FOREIGN) }]),
  ];
};

/** Returns warnings about a target that a reviewer should know before files in it are replaced. */
export const checkTarget = (target: TargetFacts, wanted: readonly WantedFile[]): Check[] => {
  const checks: Check[] = [];
  const last = target.lastPublish;
  if (target.unreadablePublish !== null) {
    checks.push(
      warn(
        'target-record',
        `An earlier publish of ${target.repo} cannot be read: ${target.unreadablePublish}`,
        'Its files count as foreign. Look at them before you approve.',
      ),
    );
  }
  if (last !== null) {
    const drifted = driftedFiles(last, target.files);
    if (drifted.length > 0)
      checks.push(
        warn(
          'target-drift',
          `Files in ${target.repo} are no longer as SWP published them: ${drifted.slice(0, 5).join(', ')}${drifted.length > 5 ? ` and ${drifted.length - 5} more` : ''}.`,
        ),
      );
    return checks;
  }
  const overwritten = wanted
    .filter((file) => !file.same && target.files.some((found) => found.path === file.path))
    .map((file) => file.path);
  if (target.head !== null && overwritten.length > 0)
    checks.push(
      warn(
        'target-foreign',
        `${target.repo} holds files that SWP did not publish. This plan would replace them: ${overwritten.join(', ')}.`,
      ),
    );
  return checks;
};
