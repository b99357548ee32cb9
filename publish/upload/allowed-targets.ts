import { SwpError } from '../../core/error.js';
import { ownerOf, type CollectionSlug, type RepoId } from '../../core/ids.js';

/**
 * Rejects a target or a collection outside the namespaces that this worker may write to (`SWP_TARGETS`).
 *
 * @param allowed namespaces; null if the setting is absent and only the token decides
 * @throws SwpError `worker/target-refused`
 */
export const assertTargetAllowed = (target: RepoId | CollectionSlug, allowed: readonly string[] | null): void => {
  if (allowed === null) return;
  const owner = ownerOf(target).toLowerCase();
  if (allowed.some((namespace) => namespace.toLowerCase() === owner)) return;
  throw new SwpError('access', 'worker/target-refused', `This worker writes only to ${allowed.join(', ')}, not to ${target}.`, {
    hint: 'To allow this target, add its namespace to SWP_TARGETS of the high-memory worker, restart the worker, then retry.',
  });
};
