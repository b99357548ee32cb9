import type { FleetTarget } from '../../../catalog/fleet.js';
import { SwpError } from '../../../core/error.js';
import type { CommitSha } from '../../../core/ids.js';
import type { Hub } from '../../../hub/hub.js';
import { readRepoInfo, type RepoInfo } from '../../../hub/read/repo.js';
import type { SourceFacts } from '../../../plan/facts.js';
import { readSource } from '../../facts/read-source.js';

/** Caches the reads of one source, so that all targets made from it share them. */
export class SharedSource {
  private infoRead: Promise<RepoInfo | null> | null = null;
  private readonly trees = new Map<CommitSha, Promise<SourceFacts | null>>();

  constructor(
    private readonly hub: Hub,
    private readonly source: Pick<FleetTarget, 'source' | 'revision'>,
    private readonly signal: AbortSignal,
  ) {}

  /** Returns the source at the commit that its entries pin, or at its head; null if the Hub does not show it. */
  info(): Promise<RepoInfo | null> {
    const { source, revision } = this.source;
    this.infoRead ??= readRepoInfo(this.hub, source, revision, { signal: this.signal }).then(
      (found) => ('absent' in found ? null : found),
      (error: unknown) => {
        if (error instanceof SwpError && error.code === 'hub/renamed') return null;
        throw error;
      },
    );
    return this.infoRead;
  }

  /** Returns the source at a commit, with its files; null if the Hub does not show it. */
  at(commit: CommitSha): Promise<SourceFacts | null> {
    const known = this.trees.get(commit) ?? readSource(this.hub, this.source.source, commit, this.signal);
    this.trees.set(commit, known);
    return known;
  }
}
