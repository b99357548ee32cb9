import { SwpError } from '../../core/error.js';
import { withOwnConnections, type Hub } from '../../hub/hub.js';
import { openFile, type RangeReader } from '../../hub/read/range.js';
import type { SourceFacts } from '../../plan/facts.js';

/** Readers of a pinned source, over dedicated connections. */
export interface SourceReaders {
  /** Returns the reader for a path in the source. Readers are cached, so that each file's URL is resolved only once. */
  readonly readerOf: (path: string) => RangeReader;
  readonly close: () => void;
}

/** Creates readers of a pinned source over new connections. */
export const connectSource = (hub: Hub, source: Pick<SourceFacts, 'repo' | 'commit' | 'files'>): SourceReaders => {
  const own = withOwnConnections(hub);
  const readers = new Map<string, RangeReader>();
  const open = (path: string): RangeReader => {
    const file = source.files.find((found) => found.path === path);
    if (file === undefined) throw new SwpError('integrity', 'build/no-file', `${source.repo} at ${source.commit} does not list ${path}.`);
    return openFile(own.hub, { repo: source.repo, commit: source.commit, path, size: file.size, lfs: file.lfs });
  };
  return {
    readerOf: (path) => {
      const known = readers.get(path) ?? open(path);
      readers.set(path, known);
      return known;
    },
    close: own.close,
  };
};
