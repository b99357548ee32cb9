import type { FleetTarget } from '../../../catalog/fleet.js';
import { sameRepo, type ArtifactKind, type CommitSha } from '../../../core/ids.js';
import { plural, truncateList } from '../../../core/text.js';
import type { Hub } from '../../../hub/hub.js';
import type { RepoInfo } from '../../../hub/read/repo.js';
import { digestOf } from '../../../core/digests.js';
import { CARD_PATH } from '../../../plan/card.js';
import type { RepoFile, License } from '../../../hub/repo-file.js';
import { finding, type Finding } from '../../../plan/findings/finding.js';
import { licenseName } from '../../../plan/licenses.js';
import type { Examination, Visible } from '../examine-target.js';
import { filesRead } from './files-read.js';
import type { SharedSource } from './shared-source.js';

interface Change {
  readonly path: string;
  /** Its current digest; null if the file is gone. */
  readonly now: string | null;
}

const diffFiles = (before: readonly RepoFile[], after: readonly RepoFile[]): Change[] => {
  const digests = (files: readonly RepoFile[]) => new Map<string, string>(files.map(({ path, lfs, gitBlob }) => [path, lfs ?? gitBlob]));
  const [old, now] = [digests(before), digests(after)];
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((path) => old.get(path) !== now.get(path))
    .map((path) => ({ path, now: now.get(path) ?? null }));
};

/** Compares two commits of a source, for the files that a publish of this kind reads. */
const compareMoved = async (
  hub: Hub,
  { kind, source }: Pick<FleetTarget, 'source'> & { readonly kind: ArtifactKind },
  shared: SharedSource,
  [from, to]: readonly [CommitSha, CommitSha],
  signal: AbortSignal,
): Promise<Finding> => {
  const moved = `${source} moved from commit ${from} to ${to}`;
  const [before, after] = [await shared.at(from), await shared.at(to)];
  if (before === null) return finding('source-differs', `${moved}, and the commit that SWP published from no longer exists.`);
  if (after === null) return finding('source-gone', `${moved}, which no longer exists.`);
  const [old, now] = [await filesRead(hub, kind, before, signal), await filesRead(hub, kind, after, signal)];
  const changed = diffFiles(old, now);
  if (changed.length === 0)
    return finding('source-moved', `${moved}; the ${plural(now.length, 'file')} that SWP published from it did not change.`);
  const message = `${moved}, and files that SWP published from it changed: ${truncateList(changed.map(({ path }) => path))}.`;
  // The key depends only on the changed files: a further commit that leaves these as they are is not a new finding.
  return { ...finding('source-differs', message), key: digestOf(changed) };
};

const licenseText = (license: License | null): string => {
  const name = licenseName(license) ?? 'none';
  return license?.link ? `${name} (${license.link})` : name;
};

/** Compares the source's license with the one in the target's card, which was taken from the source. Skips an edited card. */
const checkLicense = ({ repo, license }: RepoInfo, visible: Visible, found: Examination): Finding[] => {
  if (found.findings.some(({ path }) => path === CARD_PATH)) return [];
  const [is, was] = [licenseText(license), licenseText(visible.license)];
  return is === was ? [] : [finding('license-differs', `${repo} now has license ${is}; SWP published it under ${was}.`)];
};

/**
 * Checks that the source of a published target still exists, has the same license and is not changed. If the source has
 * another commit, compares its files. Reads no weights.
 */
export const checkSource = async (
  hub: Hub,
  target: FleetTarget,
  { found, visible }: { readonly found: Examination; readonly visible: Visible },
  shared: SharedSource,
  signal: AbortSignal,
): Promise<Finding[]> => {
  const published = found.publish.record?.source;
  const { source, revision } = target;
  const named = revision === undefined ? source : `${source} at ${revision}`;
  const info = await shared.info();
  if (info === null)
    return [finding('source-gone', `The Hub does not show ${named} to this token: it is gone, was renamed, or became private.`)];
  const exposed =
    info.private && !visible.private
      ? [finding('source-private', `${source} has become private, but the target made from it is public.`)]
      : [];
  if (published === undefined) return exposed;
  if (!sameRepo(published.repo, source) || (revision !== undefined && revision !== published.commit)) {
    const was = `${published.repo} at ${published.commit}`;
    return [...exposed, finding('other-source', `It was published from ${was}; the entry now names ${named}.`)];
  }
  const moved = info.commit === published.commit ? [] : [await compareMoved(hub, target, shared, [published.commit, info.commit], signal)];
  return [...exposed, ...checkLicense(info, visible, found), ...moved];
};
