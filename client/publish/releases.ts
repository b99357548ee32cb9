import type { Digest } from '../../core/ids.js';
import { formatBytes, sanitizeLine, plural } from '../../core/text.js';
import type { RunningTarget } from '../../temporal/running.js';

/** The files that a high-memory host has sealed, and the directories where a person can look at them. */
export interface SealedView {
  readonly target: RunningTarget;
  readonly manifest: Digest;
  readonly files: number;
  readonly bytes: number;
  readonly sealedIn: readonly string[];
}

/** Returns the sealed files of those targets that wait for their release. */
export const waitingReleases = (targets: readonly RunningTarget[]): readonly SealedView[] =>
  targets.flatMap((target) =>
    target.isOpen && target.stage === 'awaiting-release' && target.state?.sealed != null ? [{ target, ...target.state.sealed }] : [],
  );

/** Formats the sealed files that a person should look at before a release, without a final newline. */
export const sealedText = ({ target, manifest, files, bytes, sealedIn }: SealedView): string =>
  [
    `Sealed for ${target.id.replace(/^target\//, '')}: ${plural(files, 'file')}, ${formatBytes(bytes)}`,
    `  manifest  ${manifest}`,
    ...sealedIn.map((directory) => `  look at   ${sanitizeLine(directory, 1000)}`),
  ].join('\n');
