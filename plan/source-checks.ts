import type { RepoId } from '../core/ids.js';
import { blocked, warn, type Check } from './checks.js';
import type { SourceFacts } from './facts.js';

/** Checks that the target may show the content of the source. */
export const checkSource = (source: SourceFacts, target: RepoId, isPrivate: boolean): Check[] => {
  if (source.private && !isPrivate) {
    return [
      blocked(
        'source-private',
        `${source.repo} is private and ${target} would be public.`,
        'Set private: true in the entry, or publish from a public source.',
      ),
    ];
  }
  return source.gated
    ? [warn('source-gated', `${source.repo} is gated: its license may forbid republishing.`, 'Read its terms before you approve.')]
    : [];
};
