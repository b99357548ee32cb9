import { GIT_BLOB_LIMIT } from '../../../core/digests.js';
import { SwpError } from '../../../core/error.js';
import type { Hub } from '../../../hub/hub.js';
import { readSmallFile } from '../../../hub/read/read-small-file.js';
import type { PayloadPlan } from '../../../plan/artifact-plan.js';
import type { SourceFacts } from '../../../plan/facts.js';
import { describeBytes, type ManifestFile } from '../../../plan/manifest.js';
import { readPlannedSource } from '../../facts/read-source.js';

const HINT = 'A rebuild needs the source as it was. A private or gated source needs a token that may read it.';

/**
 * Reads the pinned source that a record names.
 *
 * @throws SwpError `build/source-gone`, `rebuild/source-moved`
 */
export const readRecordedSource = async (hub: Hub, plan: PayloadPlan, signal: AbortSignal): Promise<SourceFacts> => {
  try {
    return await readPlannedSource(hub, plan, signal);
  } catch (error) {
    if (!(error instanceof SwpError)) throw error;
    const { code, message, cause } = error;
    if (code === 'build/source-gone') throw new SwpError('not-found', code, message, { hint: HINT, cause });
    // On the Hub, a new name does not guarantee the same repository: its history may be another one.
    if (code === 'hub/renamed') throw new SwpError('not-found', 'rebuild/source-moved', message, { hint: HINT, cause });
    throw error;
  }
};

/**
 * Describes the source's files at these paths, as a publish copies them beside its payload. Skips missing and large
 * files.
 */
export const describeCopies = async (
  hub: Hub,
  { repo, commit, files }: SourceFacts,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<ManifestFile[]> => {
  const copies: ManifestFile[] = [];
  for (const path of paths) {
    const file = files.find((found) => found.path === path);
    if (file === undefined || file.size > GIT_BLOB_LIMIT) continue;
    copies.push(describeBytes(path, await readSmallFile(hub, { repo, commit, path, maxBytes: file.size, file }, { signal })));
  }
  return copies;
};
